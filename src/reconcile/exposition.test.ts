import { describe, expect, test } from "@jest/globals";
import { healthOf, healthyNodes } from "../../test/fleet/facts.ts";
import { node, pod, waiting } from "../../test/fleet/observations.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { exposeFleet, forgetFleet } from "./exposition.ts";

const KMAGENT = { namespace: "km", name: "agent" };
const SICK = node({ name: "sick", pod: pod({ ready: false, container: waiting("CrashLoopBackOff") }) });
const FLEET = healthOf([...healthyNodes(2), SICK]);
const STATUS: KmAgentStatus = {
  conditions: [
    {
      type: "Ready",
      status: "False",
      reason: "TooManyUnhealthy",
      message: "m",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
  ],
  rollout: { phase: "Complete", target: "r", stable: "r", updated: 3, failed: 0 },
} as KmAgentStatus;

/** Lines of one metric. */
async function series(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  return (await metrics.render()).split("\n").filter((line) => line.startsWith(`${name}{`));
}

describe("a fleet's metrics", () => {
  test("count the nodes by state, zero included, and name those alone that aren't well", async () => {
    const metrics = createMetrics({ operator: "1" });
    exposeFleet(metrics, KMAGENT, FLEET, STATUS, false);
    expect(await series(metrics, "kmagent_nodes")).toHaveLength(8);
    expect(await series(metrics, "kmagent_nodes")).toContain(
      'kmagent_nodes{namespace="km",name="agent",state="healthy"} 2',
    );
    const nodes = await series(metrics, "kmagent_node_status");
    expect(nodes).toHaveLength(1);
    expect(nodes[0]).toContain('node="sick"');
    expect(nodes[0]).toContain('state="unhealthy"');
    expect(await series(metrics, "kmagent_condition")).toEqual([
      'kmagent_condition{namespace="km",name="agent",type="Ready",status="False",reason="TooManyUnhealthy"} 1',
    ]);
    expect(await series(metrics, "kmagent_rollout_phase")).toEqual([
      'kmagent_rollout_phase{namespace="km",name="agent",phase="Complete"} 1',
    ]);
  });

  test("name every node by choice", async () => {
    const metrics = createMetrics({ operator: "1" });
    exposeFleet(metrics, KMAGENT, FLEET, STATUS, true);
    expect(await series(metrics, "kmagent_node_status")).toHaveLength(3);
  });

  test("forget a node that is well again, and a condition's reason that holds no longer", async () => {
    const metrics = createMetrics({ operator: "1" });
    exposeFleet(metrics, KMAGENT, FLEET, STATUS, false);
    exposeFleet(metrics, KMAGENT, healthOf(healthyNodes(3)), {}, false);
    for (const name of ["kmagent_node_status", "kmagent_condition", "kmagent_rollout_phase"]) {
      expect(await series(metrics, name)).toEqual([]);
    }
  });

  test("of a KmAgent that is gone go, and another's stay", async () => {
    const metrics = createMetrics({ operator: "1" });
    exposeFleet(metrics, KMAGENT, FLEET, STATUS, false);
    exposeFleet(metrics, { namespace: "km", name: "other" }, FLEET, STATUS, false);
    forgetFleet(metrics, "km/agent");
    for (const name of ["kmagent_nodes", "kmagent_node_status", "kmagent_condition", "kmagent_rollout_phase"]) {
      const left = await series(metrics, name);
      expect(left.length).toBeGreaterThan(0);
      expect(left.filter((line) => line.includes('name="agent"'))).toEqual([]);
    }
  });
});
