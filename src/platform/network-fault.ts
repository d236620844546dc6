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
  // The parser's error has no code where the very first bytes are wrong.
  if ((error as { name?: unknown } | null)?.name === "HTTPParserError") return true;
  return code.startsWith("HPE_") || code.startsWith("UND_ERR_HEADERS") || code.startsWith("UND_ERR_RES");
}

/**
 * The first code down the chain of causes; an attempt on several addresses holds those of each in `errors`. By shape and not by
 * class, for Node's own errors needn't be instances of the Error that this module sees (they aren't in a test's realm).
 */
function codeIn(error: unknown, depth = 0): string {
  if (typeof error !== "object" || error === null || depth > 5) return "";
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown; cause?: unknown };
  if (typeof code === "string" && code !== "") return code;
  const within = Array.isArray(errors) ? codeIn(errors[0], depth + 1) : "";
  return within === "" ? codeIn(cause, depth + 1) : within;
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : "";
}
