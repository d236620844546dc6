import { describe, expect, it } from "@jest/globals";
import { healthOf } from "../../test/fleet/facts.ts";
import { nodeOfFleet, NOW, pod, waiting } from "../../test/fleet/observations.ts";
import type { ExportState } from "../health/export-health.ts";
import type { NodeObservation } from "../health/observation.ts";
import { awaitedNodes } from "./awaited-nodes.ts";
import { counterTargets } from "./counter-targets.ts";

const INTERVAL = 30_000;
const NOBODY = awaitedNodes(undefined, INTERVAL);

function exporting(index: number, state: ExportState): NodeObservation {
  const failing = state === "Failing" ? ["otlphttp (metrics)"] : [];
  return nodeOfFleet(index, {
    exports: { at: NOW, health: { state, failing, since: NOW }, exporters: [] },
  });
}

function paces(nodes: readonly NodeObservation[], awaited = NOBODY) {
  const targets = counterTargets(nodes, healthOf(nodes).nodes, { awaited, intervalMs: INTERVAL });
  return Object.fromEntries(
    targets.map(({ node, everyMs, awaited }) => [node, `${everyMs}${awaited ? " awaited" : ""}`]),
  );
}

const fleetOf = (count: number, state: ExportState = "Flowing") =>
  Array.from({ length: count }, (_, index) => exporting(index, state));

describe("the nodes whose counters are read", () => {
  it.each([
    { name: "a small fleet at health.interval", count: 3, everyMs: INTERVAL },
    { name: "a larger one more slowly", count: 400, everyMs: 120_000 },
    { name: "a huge one once in five minutes", count: 3_000, everyMs: 300_000 },
  ])("are read in a rotation: $name", ({ count, everyMs }) => {
    expect(new Set(Object.values(paces(fleetOf(count))))).toEqual(new Set([`${everyMs}`]));
  });

  it("are read with each probe while a rollout waits for them, and five stable ones beside them", () => {
    const seen = paces([...fleetOf(8), exporting(8, "Failing")], awaitedNodes({ canaries: ["node-0"] }, INTERVAL));
    expect(seen["node-0"]).toBe("2000 awaited");
    expect(["node-1", "node-2", "node-3", "node-4", "node-5"].map((name) => seen[name])).toEqual(
      Array(5).fill("2000 awaited"),
    );
    expect([seen["node-6"], seen["node-7"], seen["node-8"]]).toEqual(Array(3).fill(`${INTERVAL}`));
  });

  it("are compared with five that don't fail, those that flow before the others, while some node's exports fail", () => {
    const nodes = [exporting(0, "Failing"), exporting(1, "Idle"), ...fleetOf(7).slice(2)];
    const seen = paces(nodes);
    expect(Object.keys(seen).filter((name) => seen[name] === "10000 awaited")).toEqual([
      "node-2",
      "node-3",
      "node-4",
      "node-5",
      "node-6",
    ]);
  });

  it.each([
    { name: "has no pod", of: { pod: null } },
    { name: "has a pod without an address", of: { pod: pod({ ip: "" }) } },
    { name: "has a pod that doesn't run", of: { pod: pod({ container: waiting("ImagePullBackOff") }) } },
    { name: "has a pod that is being deleted", of: { pod: pod({ deleting: true }) } },
    { name: "has a configuration without counters", of: { pod: pod({ metricsPort: null }) } },
  ])("don't include one that $name", ({ of }) => {
    expect(counterTargets([nodeOfFleet(1, of)], [], { awaited: NOBODY, intervalMs: INTERVAL })).toEqual([]);
  });
});
