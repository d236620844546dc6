import { timestamp } from "../api/time.ts";
import type { FleetExports } from "../health/fleet-exports.ts";
import type { StatusFacts } from "./facts.ts";
import { fails, holds, nodesText, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** Failing nodes that the message names. */
const NAMED = 3;

/** So many nodes must fail, or all that send where there are fewer, before it counts as the endpoint's fault. */
const ENOUGH = 3;

/**
 * `TelemetryFlowing`: whether collectors deliver what they receive. Where none delivers, it is the endpoint's fault or the
 * way to it; where some do, it is those nodes'. A message says nothing of how many succeed: readings come one by one, and
 * each would be a write.
 */
export function telemetryFlowing({ telemetry, telemetryBefore }: StatusFacts): ConditionVerdict {
  if (telemetry !== null && telemetry.Failing > 0) return failing(telemetry);
  // Failing nodes may be among those that a new leader hasn't read yet.
  if (telemetryBefore?.byEarlier === true && telemetryBefore.status === "False") return again(telemetryBefore);
  if (telemetry !== null && telemetry.Flowing > 0) {
    return holds("TelemetryFlowing", "Flowing", "Collectors deliver what they receive; no exporter fails.");
  }
  // A new leader has to read for a while before it can say anything: what the one before saw is better than nothing.
  if (telemetryBefore !== null) return again(telemetryBefore);
  if (telemetry !== null && telemetry.Idle > 0) {
    return unknown("TelemetryFlowing", "Idle", "The collectors receive nothing, so nothing proves their exports.");
  }
  return unknown(
    "TelemetryFlowing",
    "NotObserved",
    "No collector's own counters could be read, or they tell nothing yet.",
  );
}

function again({ status, reason, message }: NonNullable<StatusFacts["telemetryBefore"]>): ConditionVerdict {
  return { type: "TelemetryFlowing", status, reason, message };
}

function failing(exports: FleetExports): ConditionVerdict {
  const { Failing: count, Flowing, flowingBeside, failingNodes, failingExporters, failingSince } = exports;
  const which = failingExporters.length === 0 ? "" : ` (exporter ${failingExporters.join(", ")})`;
  const since = failingSince === null ? "" : ` since ${timestamp(failingSince)}`;
  if (flowingBeside === 0 && count >= Math.min(ENOUGH, count + Flowing)) {
    // Without a number: at an outage it would grow from reading to reading.
    return fails(
      "TelemetryFlowing",
      "EndpointFailing",
      `Exports fail${since} on every node that was asked and has something to send${which}. Look at the endpoint, and at what lies on the way to it: proxy, certificates, API key.`,
    );
  }
  const named = failingNodes.slice(0, NAMED).join(", ");
  const more = count - Math.min(NAMED, failingNodes.length);
  return fails(
    "TelemetryFlowing",
    "ExportsFailing",
    `Exports fail${since} on ${nodesText(count)}${which}, and succeed on others: ${named}${more > 0 ? ` and ${more} more` : ""}.`,
  );
}
