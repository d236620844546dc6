import type { StatusFacts } from "./facts.ts";
import { fails, holds, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** `ConfigValid`: whether the spec and the configuration can be used. */
export function configValid({ configuration }: StatusFacts): ConditionVerdict {
  if (configuration === null) return unknown("ConfigValid", "Pending", "The configuration hasn't been judged yet.");
  if (configuration.kind === "invalid") return fails("ConfigValid", configuration.reason, configuration.message);
  const insecure = configuration.insecureEndpoints;
  if (insecure.length > 0) {
    return holds(
      "ConfigValid",
      "InsecureEndpoint",
      `The configuration can be used, but the API key travels in clear text: ${insecure.join(", ")} is plain http. Use an https URL.`,
    );
  }
  return holds("ConfigValid", "Valid", "The spec and the collector configuration can be used.");
}
