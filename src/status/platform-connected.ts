import type { StatusFacts } from "./facts.ts";
import { fails, holds, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** `PlatformConnected`: whether the platform takes our reports. It never makes `Ready` False: agents work without it. */
export function platformConnected({ platform, platformURL }: StatusFacts): ConditionVerdict {
  const { kind, message } = platform;
  const say = (fallback: string) => (message === "" ? fallback : message);
  switch (kind) {
    case "connected":
      return holds("PlatformConnected", "Connected", say(`${platformURL} takes the reports.`));
    case "disabled":
      return holds("PlatformConnected", "Disabled", say("Reports to the platform are switched off."));
    case "notContacted":
      return unknown("PlatformConnected", "NotContacted", say(`Nothing has been sent to ${platformURL} yet.`));
    case "unauthorized":
      return fails("PlatformConnected", "Unauthorized", say(`${platformURL} doesn't take the API key.`));
    case "unreachable":
      return fails("PlatformConnected", "Unreachable", say(`${platformURL} can't be reached.`));
    case "throttled":
      return fails("PlatformConnected", "Throttled", say(`${platformURL} asks us to slow down.`));
    case "error":
      return fails("PlatformConnected", "PlatformError", say(`${platformURL} answers with an error.`));
    case "badAnswer":
      return fails("PlatformConnected", "BadAnswer", say(`What answers at ${platformURL} isn't the platform.`));
    default:
      return kind satisfies never;
  }
}
