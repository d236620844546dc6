import { describe, expect, test } from "@jest/globals";
import { FIELD_MANAGER } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import { decideObject, freshMemory, rememberAnswer } from "./object-decision.ts";
import type { LeftDecision, ObjectDecision, ObjectFacts, ObjectMemory } from "./object-decision.ts";

const OWNER = { uid: "km-1", name: "km-agent", creationTimestamp: "1970-01-01T00:16:30Z" }; // 990 seconds
const API = "kloudmate.com/v1alpha1";
const FIELDS = { "f:spec": { "f:image": {}, "f:args": {} } };

interface Change {
  readonly image?: string;
  readonly uid?: string;
  readonly version?: string;
  readonly owner?: string | null;
  readonly labels?: Record<string, string>;
  readonly ownerName?: string;
  readonly deletedAt?: string;
}

function object({
  image = "agent:1",
  uid = "ds-1",
  version = "10",
  owner = OWNER.uid,
  ownerName = "x",
  labels = {},
  deletedAt,
}: Change = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      name: "km-agent",
      namespace: "km-agent",
      uid,
      resourceVersion: version,
      labels,
      ...(owner !== null && {
        ownerReferences: [{ apiVersion: API, kind: "KmAgent", name: ownerName, uid: owner, controller: true }],
      }),
      ...(deletedAt !== undefined && { deletionTimestamp: deletedAt, finalizers: ["x/y"] }),
      managedFields: [{ manager: FIELD_MANAGER, operation: "Apply", fieldsV1: FIELDS }],
    },
    spec: { image, args: ["a"] },
  };
}

const desired: KubeObject = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "km-agent" },
  spec: { image: "agent:1", args: ["a"] },
};
const answered: ObjectMemory = { ...freshMemory("wish"), answer: object() };

function decide(facts: Partial<ObjectFacts>): ObjectDecision {
  return decideObject({
    desired,
    live: object(),
    cacheVersion: "10",
    memory: answered,
    owner: OWNER,
    now: 1_000_000,
    ...facts,
  });
}

describe("an object that is wanted", () => {
  test("is created where the cache has none", () => {
    expect(decide({ live: undefined, memory: freshMemory("wish") })).toEqual({ kind: "create" });
  });

  test("is waited for where the cache may not have seen our own creation yet", () => {
    expect(decide({ live: undefined, cacheVersion: "9" })).toMatchObject({ kind: "wait", why: "stale" });
  });

  test("is created again where somebody deleted it", () => {
    expect(decide({ live: undefined, cacheVersion: "11" })).toEqual({ kind: "create" });
  });

  test("is applied once after a start, for nobody remembers what it was", () => {
    expect(decide({ memory: freshMemory("wish") })).toMatchObject({ kind: "apply", because: "startup", uid: "ds-1" });
  });

  test("is left alone while it is as we left it", () => {
    expect(decide({})).toEqual({ kind: "keep", overridden: [], recheckAt: null });
  });

  test("isn't touched while it is being deleted", () => {
    const live = object({ deletedAt: "1970-01-01T00:16:39Z" });
    expect(decide({ live })).toEqual({ kind: "wait", why: "deleting", recheckAt: 1_299_000 });
    expect(decide({ live, now: 1_299_000 })).toEqual({ kind: "stuck", since: 999_000, finalizers: ["x/y"] });
  });

  test("isn't compared while the cache is older than our own write", () => {
    expect(decide({ live: object({ version: "9", image: "old:1" }) })).toMatchObject({ kind: "wait", why: "stale" });
  });

  test("is set back where somebody changed a field of ours", () => {
    expect(decide({ live: object({ version: "11", image: "evil:1" }) })).toMatchObject({
      kind: "apply",
      because: "drift",
      drifted: [{ path: "spec.image", wanted: '"agent:1"', found: '"evil:1"' }],
    });
  });

  test("is applied anew where it is another object by now", () => {
    expect(decide({ live: object({ version: "11", uid: "ds-2" }) })).toMatchObject({ kind: "apply", uid: "ds-2" });
  });
});

describe("what somebody adds to an object of ours", () => {
  const withEnv = (target: KubeObject, ...names: string[]): KubeObject => ({
    ...target,
    spec: { ...(target["spec"] as object), env: names.map((name) => ({ name, value: "x" })) },
  });
  const wish = withEnv(desired, "OURS");
  const theirs = { path: "spec.env[THEIRS]", wanted: "absent" };

  test.each([
    ["by hand, after our apply", withEnv(object(), "OURS")],
    ["by admission, in the answer to it", withEnv(object(), "OURS", "THEIRS")],
  ])("%s, is told of and not fought", (_, answer) => {
    const memory = rememberAnswer(freshMemory("wish"), wish, answer, [], 0);
    const live = withEnv(object({ version: "11" }), "OURS", "THEIRS");
    expect(decide({ desired: wish, memory, live })).toMatchObject({ kind: "keep", overridden: [theirs] });
  });
});

describe("an object of somebody else", () => {
  test("is never touched", () => {
    expect(decide({ live: object({ owner: "other" }) })).toMatchObject({ kind: "foreign", owner: "KmAgent x" });
  });

  test("without an owner and without our labels is foreign too", () => {
    expect(decide({ live: object({ owner: null }) })).toMatchObject({ kind: "foreign" });
  });

  test("is adopted where nobody owns it and its labels name this instance", () => {
    const labels = { "app.kubernetes.io/name": "km-agent", "app.kubernetes.io/instance": "km-agent" };
    expect(decide({ live: object({ owner: null, labels }) })).toMatchObject({ kind: "apply", because: "adopted" });
  });

  test("that a KmAgent of our name leaves behind is waited for in our first minute", () => {
    const live = object({ owner: "km-0", ownerName: OWNER.name });
    expect(decide({ live })).toEqual({ kind: "wait", why: "predecessor", recheckAt: 1_050_000 });
    expect(decide({ live, now: 1_050_000 })).toMatchObject({ kind: "foreign", owner: "KmAgent km-agent" });
  });

  test("outside the cache is looked at again only after a while", () => {
    const memory = { ...freshMemory("wish"), foreign: { owner: "helm", at: 1_000_000 } };
    expect(decide({ live: undefined, memory })).toMatchObject({ kind: "foreign", recheckAt: 1_015_000 });
    expect(decide({ live: undefined, memory, now: 1_015_000 })).toEqual({ kind: "create" });
  });
});

describe("an object that was left as a look past the caches found it", () => {
  const keep: LeftDecision = { kind: "keep", overridden: [], recheckAt: null };
  test.each<{ name: string; decision: LeftDecision; expected: object }>([
    { name: "is kept", decision: keep, expected: { ...keep, recheckAt: 1_015_000 } },
    {
      name: "is waited for",
      decision: { kind: "wait", why: "deleting", recheckAt: null },
      expected: { kind: "wait", why: "deleting", recheckAt: 1_015_000 },
    },
  ])("$name until it is time to look again, or the caches have it", ({ decision, expected }) => {
    const memory = { ...answered, left: { decision, until: 1_015_000 } };
    const gone = { live: undefined, cacheVersion: "11", memory };
    expect(decide(gone)).toEqual(expected);
    expect(decide({ ...gone, now: 1_015_000 })).toEqual({ kind: "create" });
    expect(decide({ memory, live: object({ version: "11", image: "evil:1" }) })).toMatchObject({ kind: "apply" });
  });
});

describe("an owner reference that somebody takes away", () => {
  test("is set again, and that is a repair like any other", () => {
    const fields = { "f:metadata": { "f:ownerReferences": { 'k:{"uid":"km-1"}': {} } } };
    const managedFields = [{ manager: FIELD_MANAGER, operation: "Apply", fieldsV1: fields }];
    const labels = { "app.kubernetes.io/name": "km-agent", "app.kubernetes.io/instance": "km-agent" };
    const owned = object({ labels });
    const answer = { ...owned, metadata: { ...owned.metadata, managedFields } };
    const live = object({ owner: null, labels, version: "11" });
    const path = "metadata.ownerReferences";
    let memory: ObjectMemory = { ...answered, answer };
    for (let round = 0; round < 5; round++) {
      const decision = decide({ memory, live });
      expect(decision).toMatchObject({ kind: "apply", drifted: [{ path }] });
      if (decision.kind === "apply") memory = rememberAnswer(memory, desired, answer, decision.drifted, 1_000_000);
    }
    expect(decide({ memory, live })).toMatchObject({ kind: "keep", overridden: [{ path }] });
  });
});

describe("a refused apply", () => {
  test("isn't repeated at once, and is after a minute", () => {
    const memory = { ...answered, refused: { message: "no", path: "spec.x", forbidden: false, at: 1_000_000 } };
    expect(decide({ memory })).toMatchObject({ kind: "refused", message: "no" });
    expect(decide({ memory, now: 1_060_000 })).toMatchObject({ kind: "keep" });
  });
});

describe("fights", () => {
  test("with admission end after two writes, and the field is named", () => {
    const rewritten = object({ image: "mirror/agent:1" });
    let memory = rememberAnswer(freshMemory("wish"), desired, rewritten, [], 0);
    expect(decide({ memory, live: rewritten })).toMatchObject({ kind: "apply", because: "override" });
    memory = rememberAnswer(memory, desired, rewritten, [], 0);
    expect(decide({ memory, live: rewritten })).toMatchObject({
      kind: "keep",
      overridden: [{ path: "spec.image", wanted: '"agent:1"', found: '"mirror/agent:1"' }],
    });
  });

  test("with anybody end after five repairs within ten minutes, and stay ended", () => {
    let memory = answered;
    const changed = object({ version: "11", image: "evil:1" });
    for (let round = 0; round < 5; round++) {
      const decision = decide({ memory, live: changed, now: round * 60_000 });
      if (decision.kind !== "apply") throw new Error(`round ${round}: ${decision.kind}`);
      memory = rememberAnswer(memory, desired, object(), decision.drifted, round * 60_000);
    }
    for (const now of [5 * 60_000, 60 * 60_000]) {
      expect(decide({ memory, live: changed, now })).toMatchObject({
        kind: "keep",
        overridden: [{ path: "spec.image" }],
      });
    }
  });

  test("go on where repairs are rare", () => {
    let memory = answered;
    const changed = object({ version: "11", image: "evil:1" });
    for (let round = 0; round < 8; round++) {
      const decision = decide({ memory, live: changed, now: round * 200_000 });
      if (decision.kind !== "apply") throw new Error(`round ${round}: ${decision.kind}`);
      memory = rememberAnswer(memory, desired, object(), decision.drifted, round * 200_000);
    }
    expect(decide({ memory, live: changed, now: 8 * 200_000 })).toMatchObject({ kind: "apply" });
  });
});
