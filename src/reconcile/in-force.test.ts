import { describe, expect, test } from "@jest/globals";
import { ANNOTATION, LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import { inForce } from "./in-force.ts";
import { NO_MEMORY } from "./memory.ts";
import { freshMemory } from "./object-decision.ts";
import type { ObjectDecision } from "./object-decision.ts";
import { objectId } from "./object-id.ts";
import type { DecidedObject } from "./plan.ts";
import { projectKmAgent } from "./project.ts";
import type { Snapshot } from "./snapshot.ts";

function daemonSet(revision: string): KubeObject {
  const template = {
    metadata: { labels: { [LABEL.revision]: revision } },
    spec: { containers: [{ image: `i:${revision}` }] },
  };
  return { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent" }, spec: { template } };
}

function configMap(revision: string, source: string): KubeObject {
  const metadata = { name: `agent-node-agent-${revision}`, annotations: { [ANNOTATION.source]: source } };
  return { apiVersion: "v1", kind: "ConfigMap", metadata };
}

const decided = (object: KubeObject, decision: ObjectDecision): DecidedObject => ({
  object,
  wish: "",
  memory: freshMemory(""),
  decision,
});

interface Given {
  readonly live?: readonly KubeObject[];
  readonly wanted?: ObjectDecision;
  readonly paused?: boolean;
  readonly failure?: string;
}

/** A KmAgent that runs revision `old` by default and wants revision `new` from the spec. */
function seen({ live = [daemonSet("old"), configMap("old", "default")], wanted, paused = false, failure = "" }: Given) {
  const kmagent = projectKmAgent({
    metadata: { name: "agent", namespace: "km" },
    spec: { clusterName: "c", apiKeySecretRef: { name: "s", key: "k" }, paused },
  });
  const snapshot = {
    kmagent,
    live: new Map(live.map((object) => [objectId(object), object])),
    memory: { ...NO_MEMORY, failure },
  } as unknown as Snapshot;
  const objects = wanted
    ? [decided(configMap("new", "spec"), { kind: "create" }), decided(daemonSet("new"), wanted)]
    : [];
  return inForce("node-agent", snapshot, objects);
}

const OLD = { revision: "old", source: "Default", image: "i:old" };
const NEW = { revision: "new", source: "Spec", image: "i:new" };
const APPLY: ObjectDecision = { kind: "apply", uid: "u", because: "updated", drifted: [] };

describe("in force", () => {
  test.each<{ name: string; given: Given; expected: object | null }>([
    { name: "is what this pass writes", given: { wanted: APPLY }, expected: NEW },
    { name: "is what this pass makes first", given: { live: [], wanted: { kind: "create" } }, expected: NEW },
    { name: "is the old one while paused", given: { wanted: APPLY, paused: true }, expected: OLD },
    { name: "is the old one after a write that failed", given: { wanted: APPLY, failure: "away" }, expected: OLD },
    {
      name: "is the old one where the API server refuses the new",
      given: { wanted: { kind: "refused", message: "", path: "", forbidden: false, recheckAt: 1 } },
      expected: OLD,
    },
    {
      name: "is the old one while the new one's ConfigMap is missing",
      given: { wanted: { kind: "wait", why: "dependency", recheckAt: null } },
      expected: OLD,
    },
    { name: "is the old one where nothing is decided", given: {}, expected: OLD },
    {
      name: "has a source that isn't known where its ConfigMap is gone",
      given: { live: [daemonSet("old")] },
      expected: { ...OLD, source: null },
    },
    { name: "is nothing where there is no DaemonSet", given: { live: [] }, expected: null },
    {
      name: "is nothing of ours where the DaemonSet has no revision",
      given: { live: [daemonSet("")] },
      expected: null,
    },
  ])("$name", ({ given, expected }) => {
    expect(seen(given)).toEqual(expected);
  });
});
