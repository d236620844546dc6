import type { ClusterReport } from "../platform/payload.ts";
import type { StatusFacts } from "../status/facts.ts";

/**
 * What the platform is told of its own configuration, in the one field of a check-in that holds words. What isn't over or isn't
 * well is told as long as it is so; that it is in force, once.
 */
export function remoteReport({
  kind,
  message,
  last,
}: StatusFacts["remote"]): Pick<ClusterReport, "lastError" | "news"> {
  switch (kind) {
    case "none":
    case "disabled":
      return { lastError: "", news: null };
    case "applied":
      return { lastError: "", news: { id: `${last?.hash ?? ""}@${last?.since ?? 0}`, text: message } };
    case "applying":
    case "waiting":
    case "overridden":
    case "refused":
    case "rolledBack":
      return { lastError: message, news: null };
    default:
      return kind satisfies never;
  }
}
