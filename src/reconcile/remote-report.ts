import type { ClusterReport } from "../platform/payload.ts";
import type { StatusFacts } from "../status/facts.ts";
import { statusText } from "../status/status-text.ts";

/**
 * What the platform is told of its own configuration, in the one field of a check-in that holds words, and in those of the
 * condition. What isn't over or isn't well is told as long as it is so; that it is in force, once. `mask` hides the values of
 * referenced Secrets.
 */
export function remoteReport(
  { kind, message, told }: StatusFacts["remote"],
  mask: (text: string) => string,
): Pick<ClusterReport, "lastError" | "news"> {
  const text = statusText(message, mask);
  switch (kind) {
    case "none":
    case "disabled":
      return { lastError: "", news: null };
    case "applied":
      return {
        lastError: "",
        news: { id: told.map(({ hash, since }) => `${hash}@${since}`).join(" "), text },
      };
    case "applying":
    case "waiting":
    case "overridden":
    case "refused":
    case "failed":
    case "rolledBack":
      return { lastError: text, news: null };
    default:
      return kind satisfies never;
  }
}
