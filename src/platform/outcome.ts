/** What kept a call from reaching the platform at all. */
export type NetworkFault = "dns" | "refused" | "tls" | "timeout" | "reset" | "proxy" | "network";

/**
 * How one call to the platform ended. `message` is a sentence for people: it names the address and what to look at, and holds
 * neither the API key nor anything of the answer's body.
 */
export type Outcome =
  /** HTTP 200 with a JSON object. */
  | { readonly kind: "ok"; readonly answer: Readonly<Record<string, unknown>>; readonly message: string }
  /** HTTP 401, or a key that no HTTP header can carry. */
  | { readonly kind: "unauthorized"; readonly message: string }
  /** HTTP 403. */
  | { readonly kind: "forbidden"; readonly message: string }
  /** HTTP 429; `retryAfterMs` is what the platform asked for, `null` where it named no time. */
  | { readonly kind: "throttled"; readonly retryAfterMs: number | null; readonly message: string }
  /** HTTP 5xx and 408. */
  | { readonly kind: "serverError"; readonly retryAfterMs: number | null; readonly message: string }
  /** HTTP 400, 413 or 422: this payload isn't taken, and won't be next time either. */
  | { readonly kind: "rejected"; readonly message: string }
  /** No answer. */
  | { readonly kind: "unreachable"; readonly fault: NetworkFault; readonly message: string }
  /** An answer that the platform doesn't give: a redirect, another status, no JSON, more than the bound on bytes. */
  | {
      readonly kind: "badAnswer";
      readonly message: string;
      /** HTTP 200, and more than the bound on bytes: such as a configuration that is too large. */
      readonly tooLong?: true;
    }
  /** We stopped waiting ourselves. */
  | { readonly kind: "aborted"; readonly message: string };

/** Which of the three faults that a user must tell apart an outcome is, and the platform's own besides. */
export type Fault = "auth" | "network" | "url" | "platform";

/** Where to look: at the API key, at the network, at `platform.endpoint`, or nowhere but at the platform. */
export function faultOf(outcome: Outcome): Fault | null {
  switch (outcome.kind) {
    case "ok":
    case "aborted":
      return null;
    case "unauthorized":
    case "forbidden":
      return "auth";
    case "unreachable":
      return outcome.fault === "dns" ? "url" : "network";
    case "badAnswer":
      return "url";
    case "throttled":
    case "serverError":
    case "rejected":
      return "platform";
    default:
      return outcome satisfies never;
  }
}

/** Outcomes that passing time may mend by itself, so that a single one of them says little. */
export function isTransient(outcome: Outcome): boolean {
  return outcome.kind === "unreachable" || outcome.kind === "serverError" || outcome.kind === "throttled";
}
