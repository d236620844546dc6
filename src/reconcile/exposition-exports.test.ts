import { describe, expect, test } from "@jest/globals";
import { healthOf } from "../../test/fleet/facts.ts";
import { nodeOfFleet, NOW } from "../../test/fleet/observations.ts";
import type { ExportState } from "../health/export-health.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { exposeFleet, forgetFleet } from "./exposition.ts";

const KMAGENT = { namespace: "ns", name: "km" };

function exporting(index: number, state: ExportState, ...failing: string[]) {
  return nodeOfFleet(index, { exports: { at: NOW, health: { state, failing, since: NOW }, exporters: [] } });
}

async function seriesOf(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  const text = await metrics.render();
  return text.split("\n").filter((line) => line.startsWith(`${name}{`));
}

describe("the metrics of a fleet's exports", () => {
  test("count nodes by state and by the exporter that fails, and go with the KmAgent", async () => {
    const metrics = createMetrics({ operator: "test" });
    const fleet = healthOf([
      exporting(1, "Failing", "otlphttp (logs)", "otlphttp (metrics)"),
      exporting(2, "Failing", "otlphttp (logs)"),
      exporting(3, "Flowing"),
      nodeOfFleet(4),
    ]);
    exposeFleet(metrics, KMAGENT, fleet, {}, false);
    expect(await seriesOf(metrics, "kmagent_node_exports")).toEqual([
      'kmagent_node_exports{namespace="ns",name="km",state="Flowing"} 1',
      'kmagent_node_exports{namespace="ns",name="km",state="Failing"} 2',
      'kmagent_node_exports{namespace="ns",name="km",state="Idle"} 0',
      'kmagent_node_exports{namespace="ns",name="km",state="Unknown"} 1',
    ]);
    expect(await seriesOf(metrics, "kmagent_failing_exporter")).toEqual([
      'kmagent_failing_exporter{namespace="ns",name="km",exporter="otlphttp (logs)"} 2',
      'kmagent_failing_exporter{namespace="ns",name="km",exporter="otlphttp (metrics)"} 1',
    ]);
    exposeFleet(metrics, KMAGENT, healthOf([exporting(1, "Flowing")]), {}, false);
    expect(await seriesOf(metrics, "kmagent_failing_exporter")).toEqual([]);
    forgetFleet(metrics, "ns/km");
    expect(await seriesOf(metrics, "kmagent_node_exports")).toEqual([]);
  });
});
