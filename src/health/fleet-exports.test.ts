import { describe, expect, it } from "@jest/globals";
import type { ExportState } from "./export-health.ts";
import { fleetExports } from "./fleet-exports.ts";

function node(name: string, state: ExportState, since: number | null = null, failing: string[] = []) {
  return { node: name, collector: "Running" as const, export: state, exportSince: since, failingExporters: failing };
}

/** Read a while after it delivered, by one exporter or several. */
const delivered = (name: string, after: number, ...exporters: string[]) => ({
  name,
  exports: {
    at: after + 500,
    health: { state: "Flowing" as const, failing: [], since: 0 },
    exporters: (exporters.length === 0 ? ["otlphttp"] : exporters).map((exporter) => ({
      exporter,
      signal: "logs" as const,
      failingSince: null,
      deliveredAfter: [after],
    })),
  },
});

describe("a fleet's exports", () => {
  it("are counted by state, with the names of those that fail", () => {
    const nodes = [
      node("node-2", "Failing", 200, ["otlphttp (logs)"]),
      node("node-1", "Failing", 100, ["otlphttp (logs)", "otlphttp (metrics)"]),
      node("node-3", "Flowing", 50),
      node("node-4", "Unknown"),
      node("node-5", "Idle", 50),
      { ...node("node-6", "Unknown"), collector: "Stopped" as const },
    ];
    expect(fleetExports(nodes, [delivered("node-3", 150)])).toEqual({
      Flowing: 1,
      Failing: 2,
      Idle: 1,
      Unknown: 1,
      flowingBeside: 1,
      failingNodes: ["node-1", "node-2"],
      failingExporters: ["otlphttp (logs)", "otlphttp (metrics)"],
      failingSince: 100,
    });
  });

  it("don't take a node for flowing that was read after the first failure, and delivered before it", () => {
    const nodes = [node("node-1", "Failing", 100, ["otlphttp (logs)"]), node("node-2", "Flowing", 50)];
    expect(fleetExports(nodes, [delivered("node-2", 99)]).flowingBeside).toBe(0);
    expect(fleetExports(nodes, [delivered("node-2", 100)]).flowingBeside).toBe(1);
  });

  it("don't take a node for flowing by another exporter than the one that fails", () => {
    const nodes = [node("node-1", "Failing", 100, ["otlphttp/2 (logs)"]), node("node-2", "Flowing", 50)];
    const both = delivered("node-2", 99, "otlphttp", "otlphttp/2");
    const [first, second] = both.exports.exporters;
    const exporters = [{ ...first!, deliveredAfter: [200] }, second!];
    expect(fleetExports(nodes, [{ ...both, exports: { ...both.exports, exporters } }]).flowingBeside).toBe(0);
  });

  it("need no second look while nothing fails", () => {
    expect(fleetExports([node("node-1", "Flowing", 50)], [])).toMatchObject({ flowingBeside: 1, failingSince: null });
  });
});
