import type { NetworkFault } from "./outcome.ts";

const TLS =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO$|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|UND_ERR_PRX_TLS)/;

/** A connection's failure in our words: its kind, and a clause that follows the address. `null` where it isn't the network's. */
export function networkFault(error: unknown): { readonly fault: NetworkFault; readonly clause: string } | null {
  const code = codeIn(error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return {
      fault: "dns",
      clause: `its name can't be resolved (${code}); check platform.endpoint and the cluster's DNS`,
    };
  }
  if (code === "ECONNREFUSED") {
    return { fault: "refused", clause: "the connection is refused; check platform.endpoint, its port and firewalls" };
  }
  if (TLS.test(code)) {
    return {
      fault: "tls",
      clause: `its TLS certificate isn't trusted or TLS fails (${code}); check caBundleRef, and what intercepts TLS on the way`,
    };
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return { fault: "timeout", clause: "no connection within 5 s; check firewalls and spec.proxy" };
  }
  if (code === "ECONNRESET" || code === "EPIPE" || code === "UND_ERR_SOCKET" || code === "ECONNABORTED") {
    return { fault: "reset", clause: "the connection was closed before the answer was complete" };
  }
  if (code.startsWith("UND_ERR_PRX") || /Proxy (response|Authentication)/.test(messageOf(error))) {
    const status = /\((\d{3})\)/.exec(messageOf(error))?.[1];
    return {
      fault: "proxy",
      clause: `the proxy refuses to connect${status === undefined ? "" : ` (HTTP ${status})`}; check spec.proxy`,
    };
  }
  if (/^E[A-Z]+$/.test(code)) {
    return { fault: "network", clause: `the network gives an error (${code}); check routes and NetworkPolicies` };
  }
  return null;
}

/** Whether what answered doesn't speak HTTP, or breaks its bounds. */
export function isProtocolError(error: unknown): boolean {
  const code = codeIn(error);
  return code.startsWith("HPE_") || code.startsWith("UND_ERR_HEADERS") || code.startsWith("UND_ERR_RES");
}

/** The first code down the chain of causes; connections that were tried on several addresses hold theirs in `errors`. */
function codeIn(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    const within = at instanceof AggregateError ? codeIn(at.errors[0]) : "";
    const found = typeof code === "string" && code !== "" ? code : within;
    if (found !== "") return found;
  }
  return "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}
