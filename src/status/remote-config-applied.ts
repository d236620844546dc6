import type { StatusFacts } from "./facts.ts";
import { fails, holds, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** `RemoteConfigApplied`: whether what the platform sent last is in force. */
export function remoteConfigApplied({ remote }: StatusFacts): ConditionVerdict {
  const { kind, message } = remote;
  switch (kind) {
    case "none":
      return holds(
        "RemoteConfigApplied",
        "NoneReceived",
        message === "" ? "The platform has sent no configuration." : message,
      );
    case "disabled":
      return holds(
        "RemoteConfigApplied",
        "Disabled",
        message === "" ? "Remote configuration is switched off." : message,
      );
    case "applied":
      return holds("RemoteConfigApplied", "Applied", message);
    case "applying":
      return unknown("RemoteConfigApplied", "Applying", message);
    case "waiting":
      return unknown("RemoteConfigApplied", "Waiting", message);
    case "refused":
      return fails("RemoteConfigApplied", "Refused", message);
    case "overridden":
      return fails("RemoteConfigApplied", "OverriddenBySpec", message);
    case "failed":
      return fails("RemoteConfigApplied", "RolloutFailed", message);
    case "rolledBack":
      return fails("RemoteConfigApplied", "RolledBack", message);
    default:
      return kind satisfies never;
  }
}
