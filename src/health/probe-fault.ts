import type { NodeReason } from "../api/reasons.ts";
import { fault } from "./fault.ts";
import type { Fault } from "./fault.ts";
import type { ProbeOutcome } from "./observation.ts";

/** What a missed probe says is wrong; `null` for a hit. */
export function probeFault(outcome: ProbeOutcome): Fault | null {
  switch (outcome.kind) {
    case "ok":
      return null;
    case "status":
      return fault("HealthCheckFailed", `the collector answers HTTP ${outcome.code} on port 13133`);
    case "redirect":
      return fault("Redirected", `port 13133 answers with a redirect (HTTP ${outcome.code}), which isn't followed`);
    case "timeout":
      return fault("Unresponsive", "the collector gives no answer on port 13133 in time");
    case "refused":
      return fault("ConnectionRefused", "nothing listens on port 13133 of the pod");
    case "unreachable":
      return fault("ConnectionFailed", "the connection to port 13133 of the pod fails", outcome.detail);
    case "tooLarge":
      return fault("ResponseTooLarge", "the answer on port 13133 is over 64 KiB, so no collector's");
    case "garbage":
      return fault("BadResponse", "the answer on port 13133 isn't HTTP", outcome.detail);
    default:
      return outcome satisfies never;
  }
}

const PROBE_REASONS: ReadonlySet<NodeReason> = new Set<NodeReason>([
  "HealthCheckFailed",
  "Redirected",
  "Unresponsive",
  "ConnectionRefused",
  "ConnectionFailed",
  "ResponseTooLarge",
  "BadResponse",
]);

/** Whether a reason is one of those that only a probe finds. */
export function isProbeReason(reason: NodeReason): boolean {
  return PROBE_REASONS.has(reason);
}

/** Whether anything came back from the pod. A refusal may be a firewall's, so it proves nothing. */
export function answered(outcome: ProbeOutcome): boolean {
  switch (outcome.kind) {
    case "ok":
    case "status":
    case "redirect":
    case "tooLarge":
    case "garbage":
      return true;
    case "timeout":
    case "refused":
    case "unreachable":
      return false;
    default:
      return outcome satisfies never;
  }
}
