import { describe, expect, test } from "@jest/globals";
import { LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import { holdDependents } from "./dependents.ts";
import { freshMemory } from "./object-decision.ts";
import type { ObjectDecision } from "./object-decision.ts";
import type { DecidedObject } from "./plan.ts";

const CREATE: ObjectDecision = { kind: "create" };
const KEEP: ObjectDecision = { kind: "keep", overridden: [], recheckAt: null };
const APPLY: ObjectDecision = { kind: "apply", uid: "u", because: "updated", drifted: [] };
const FOREIGN: ObjectDecision = { kind: "foreign", owner: "Helm", recheckAt: 1 };
const REFUSED: ObjectDecision = { kind: "refused", message: "", path: "", forbidden: false, recheckAt: 1 };

function decided(kind: string, component: string, decision: ObjectDecision): DecidedObject {
  const object: KubeObject = {
    apiVersion: "v1",
    kind,
    metadata: { name: "x", labels: { [LABEL.component]: component } },
  };
  return { object, wish: "", memory: freshMemory(""), decision };
}

describe("a DaemonSet that is to be written", () => {
  test.each<{ name: string; configMap: ObjectDecision; daemonSet: ObjectDecision; expected: string }>([
    { name: "is written after its ConfigMap", configMap: CREATE, daemonSet: CREATE, expected: "create" },
    { name: "is written where its ConfigMap is there", configMap: KEEP, daemonSet: APPLY, expected: "apply" },
    { name: "waits where the ConfigMap is somebody else's", configMap: FOREIGN, daemonSet: APPLY, expected: "wait" },
    { name: "waits where the ConfigMap was refused", configMap: REFUSED, daemonSet: CREATE, expected: "wait" },
    {
      name: "waits where the ConfigMap is being deleted",
      configMap: { kind: "wait", why: "deleting", recheckAt: 1 },
      daemonSet: CREATE,
      expected: "wait",
    },
    {
      name: "waits where the ConfigMap is the predecessor's, which is about to go",
      configMap: { kind: "wait", why: "predecessor", recheckAt: 1 },
      daemonSet: CREATE,
      expected: "wait",
    },
    {
      name: "waits where the ConfigMap is being deleted and doesn't go",
      configMap: { kind: "stuck", since: 0, finalizers: [] },
      daemonSet: CREATE,
      expected: "wait",
    },
    {
      name: "doesn't wait for the cache to hold the ConfigMap that was made",
      configMap: { kind: "wait", why: "stale", recheckAt: null },
      daemonSet: CREATE,
      expected: "create",
    },
    {
      name: "keeps what it shows where nothing is to be written",
      configMap: FOREIGN,
      daemonSet: KEEP,
      expected: "keep",
    },
  ])("$name", ({ configMap, daemonSet, expected }) => {
    const held = holdDependents([
      decided("ConfigMap", "node-agent", configMap),
      decided("DaemonSet", "node-agent", daemonSet),
    ]);
    expect(held.map(({ decision }) => decision.kind)).toEqual([configMap.kind, expected]);
  });

  test("isn't held back by the other component's ConfigMap", () => {
    const held = holdDependents([
      decided("ConfigMap", "cluster-agent", FOREIGN),
      decided("DaemonSet", "node-agent", CREATE),
    ]);
    expect(held[1]?.decision).toBe(CREATE);
  });
});
