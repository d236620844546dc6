import { beforeEach, describe, expect, test } from "@jest/globals";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import type { KmAgentSpecInput, KmAgentStatus } from "../api/kmagent.ts";
import type { ComponentNote } from "../remote/remote.ts";
import { createLog } from "../telemetry/log.ts";
import { reconcile } from "./reconcile.ts";
import { RemoteLog } from "./remote-log.ts";

const lines: { readonly level: string; readonly msg: string; readonly [field: string]: unknown }[] = [];
const counted: string[] = [];
let log: RemoteLog;

beforeEach(() => {
  lines.length = 0;
  counted.length = 0;
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  log = new RemoteLog(createLog({ level: "debug", mask: (text) => text, write }), {
    add: (_name, labels) => {
      const { verdict } = { verdict: "", ...labels };
      counted.push(verdict);
    },
  });
});

/** A pass that noted this and leads to this status. */
function tell(
  notes: readonly ComponentNote[],
  status: KmAgentStatus = {},
  spec: Partial<KmAgentSpecInput> = {},
): string[] {
  const kmagent = kmagentRecord(spec);
  const plan = reconcile(snapshotOf(kmagent), 0, (text) => text);
  if (plan.remote === null) throw new Error("remote configuration isn't looked at");
  const before = lines.length;
  log.tell(kmagent, [], { ...plan, status, remote: { ...plan.remote, notes } });
  return lines.slice(before).map(({ level, msg }) => `${level} ${msg}`);
}

const CHANGED = "info configuration changed, restarting collector";
const RESTARTED = "info collector restarted successfully";

describe("the log of the platform's configurations", () => {
  test("tells of a change where pods are made anew for it, and of none where nothing moves", () => {
    const component = "node-agent";
    expect(tell([{ kind: "accepted", component, hash: "a" }])).toEqual([CHANGED]);
    expect(tell([{ kind: "kept", component, hash: "a" }])).toEqual([
      "info configuration accepted; it is what counts already, so nothing moves",
    ]);
    expect(tell([{ kind: "same", component, hash: "a" }])).toEqual(["debug no configuration change detected"]);
    expect(counted).toEqual(["accepted", "kept", "same"]);
  });

  test("tells of no change while the spec goes before it, or a pause holds it", () => {
    const note = { kind: "accepted", component: "node-agent", hash: "a" } as const;
    expect(tell([note], {}, { paused: true })).not.toContain(CHANGED);
    const ofCluster = { ...note, component: "cluster-agent" } as const;
    expect(tell([ofCluster], {}, { clusterAgent: { enabled: false } })).not.toContain(CHANGED);
  });
});

describe("the log of restarts", () => {
  test("tells of a wish for one, and says what holds it back", () => {
    const note = { kind: "restart", component: "node-agent" } as const;
    expect(tell([note])).toEqual(["info restart requested by the platform, restarting collector"]);
    expect(tell([note], {}, { paused: true })).toEqual([
      "info restart requested by the platform; it is kept until spec.paused is false",
    ]);
  });

  test("tells of one once every node runs what was tried, and not before", () => {
    expect(tell([], { rollout: { phase: "Canary", target: "b" } })).toEqual([]);
    expect(tell([], { rollout: { phase: "Progressing", target: "b", updated: 1 } })).toEqual([]);
    expect(tell([], { rollout: { phase: "Complete", target: "b", updated: 3 } })).toEqual([RESTARTED]);
    expect(lines).toMatchObject([{ component: "node-agent", revision: "b", nodes: 3 }]);
    expect(tell([], { rollout: { phase: "Complete", target: "b", updated: 3 } })).toEqual([]);
  });

  test("tells of the cluster agent's, too", () => {
    expect(tell([], { clusterAgent: { phase: "Trying", target: "b" } })).toEqual([]);
    expect(tell([], { clusterAgent: { phase: "Complete", target: "b" } })).toEqual([RESTARTED]);
    expect(lines).toMatchObject([{ component: "cluster-agent", revision: "b", kmagent: "km/agent" }]);
  });

  test.each([
    { name: "that failed", then: { phase: "RolledBack", target: "b" } },
    { name: "to what went on all the time", then: { phase: "Complete", target: "a" } },
  ] as const)("tells of none $name", ({ then }) => {
    tell([], { clusterAgent: { phase: "Trying", target: "b" }, rollout: { phase: "Canary", target: "b" } });
    expect(tell([], { clusterAgent: then, rollout: then })).toEqual([]);
    expect(tell([], { rollout: { phase: "Complete", target: "b" } })).toEqual([]);
  });

  test("tells of none after a first install", () => {
    tell([], { rollout: { phase: "Install", target: "a" }, clusterAgent: { phase: "Install", target: "a" } });
    const complete = { phase: "Complete", target: "a" } as const;
    expect(tell([], { rollout: complete, clusterAgent: complete })).toEqual([]);
  });

  test("forgets a KmAgent that is gone", () => {
    tell([], { rollout: { phase: "Canary", target: "b" } });
    log.forget("uid-agent");
    expect(tell([], { rollout: { phase: "Complete", target: "b" } })).toEqual([]);
  });
});
