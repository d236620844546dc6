import { describe, expect, test } from "@jest/globals";
import { node, pod } from "../../test/fleet/observations.ts";
import type { PodObservation } from "../health/observation.ts";
import { awaitedNodes } from "./awaited-nodes.ts";
import { probeTargets } from "./probe-targets.ts";

describe("a pod is probed", () => {
  test.each<{ name: string; of: Partial<PodObservation> | null; probed: boolean }>([
    { name: "where it runs and has an address", of: {}, probed: true },
    { name: "also before kubelet calls it ready", of: { ready: false, phase: "Pending" }, probed: true },
    { name: "not without an address", of: { ip: "" }, probed: false },
    { name: "not while it is being deleted", of: { deleting: true }, probed: false },
    { name: "not once it failed", of: { phase: "Failed" }, probed: false },
    { name: "not once it ended", of: { phase: "Succeeded" }, probed: false },
    { name: "not where there is none", of: null, probed: false },
  ])("$name", ({ of, probed }) => {
    const given = of && pod({ uid: "u", ip: "10.0.0.7", ...of });
    const targets = [{ node: "n", podUid: "u", ip: "10.0.0.7", port: 13_133 }];
    expect(probeTargets([node({ name: "n", pod: given })], awaitedNodes(undefined, 30_000))).toEqual(
      probed ? targets : [],
    );
  });

  test("at a pace of its own while a rollout waits for its node, and the others at theirs", () => {
    const awaited = awaitedNodes({ canaries: ["n"] }, 30_000);
    const nodes = [node({ name: "n", pod: pod({ uid: "u" }) }), node({ name: "m", pod: pod({ uid: "v" }) })];
    expect(probeTargets(nodes, awaited).map(({ everyMs }) => everyMs)).toEqual([2_000, undefined]);
  });
});
