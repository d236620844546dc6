import type { FleetExports } from "../health/export-health.ts";
import type { StatusFacts } from "./facts.ts";
import { fails, holds, nodesText, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** Failing nodes that the message names. */
const NAMED = 3;

/**
 * `TelemetryFlowing`: whether collectors deliver what they receive. Where none delivers, it is the endpoint's fault or the
 * way to it; where some do, it is those nodes'.
 */
export function telemetryFlowing({ telemetry }: StatusFacts): ConditionVerdict {
  if (telemetry === null) {
    return unknown("TelemetryFlowing", "NotObserved", "The collectors' own counters haven't been read.");
  }
  const { flowing, failing, idle } = telemetry;
  if (failing > 0 && flowing === 0) {
    return fails(
      "TelemetryFlowing",
      "EndpointFailing",
      `Exports fail on all ${nodesText(failing)} that send${exporters(telemetry)}.`,
    );
  }
  if (failing > 0) {
    const named = telemetry.failingNodes.slice(0, NAMED).join(", ");
    const more = failing - Math.min(NAMED, telemetry.failingNodes.length);
    return fails(
      "TelemetryFlowing",
      "ExportsFailing",
      `Exports fail on ${nodesText(failing)}${exporters(telemetry)} and succeed on ${nodesText(flowing)}: ${named}${more > 0 ? ` and ${more} more` : ""}.`,
    );
  }
  if (flowing > 0) return holds("TelemetryFlowing", "Flowing", `Exports succeed on ${nodesText(flowing)}.`);
  if (idle > 0)
    return unknown(
      "TelemetryFlowing",
      "Idle",
      `The collectors of ${nodesText(idle)} receive nothing, so nothing proves their exports.`,
    );
  return unknown("TelemetryFlowing", "NotObserved", "The collectors' own counters haven't been read.");
}

function exporters({ failingExporters }: FleetExports): string {
  return failingExporters.length === 0 ? "" : ` (exporter ${failingExporters.join(", ")})`;
}
