import { describe, expect, test } from "@jest/globals";
import { asks, GOOD, heard, LONG_INSTALLING } from "../../test/fleet/remote.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import { ANNOTATION } from "../api/labels.ts";
import type { KmAgentSpecInput, KmAgentStatus } from "../api/kmagent.ts";
import type { KubeObject } from "../kube/resource.ts";
import { NO_MEMORY } from "./memory.ts";
import type { KmAgentMemory } from "./memory.ts";
import { objectId } from "./object-id.ts";
import type { Plan } from "./plan.ts";
import { reconcile } from "./reconcile.ts";
import { remember } from "./remember.ts";
import { remoteReport } from "./remote-report.ts";
import type { Snapshot } from "./snapshot.ts";

/*
 * A configuration of the platform that was accepted, and what the spec has become since.
 */

const NOW = Date.parse("2026-01-01T00:10:00Z");
const TIGHT: Partial<KmAgentSpecInput> = { config: { features: { traces: false } } };
const BROKEN: Partial<KmAgentSpecInput> = { caBundleRef: { name: "gone", key: "ca.crt" } };

interface Before {
  readonly held: KubeObject;
  readonly memory?: KmAgentMemory;
  readonly status?: KmAgentStatus;
  readonly generation?: number;
}

/** A pass over a KmAgent with this spec and what is held of the platform's. */
function pass(
  spec: Partial<KmAgentSpecInput>,
  { held, memory = NO_MEMORY, status = {}, generation = 2 }: Before,
): Plan {
  const kmagent = kmagentRecord({ clusterAgent: { enabled: false }, ...spec }, { status, generation });
  const { references } = snapshotOf(kmagent);
  const missing: Snapshot["references"] =
    spec.caBundleRef === undefined
      ? []
      : [
          {
            reference: { kind: "ConfigMap", ...spec.caBundleRef, path: "spec.caBundleRef" },
            found: { kind: "missing" },
          },
        ];
  const more = { references: [...references, ...missing], live: new Map([[objectId(held), held]]), memory };
  return reconcile(snapshotOf(kmagent, more), NOW, (text) => text);
}

/** What is held after the platform's configuration was accepted. */
function accepted(annotations: Readonly<Record<string, string>> = {}): KubeObject {
  const plan = reconcile(
    snapshotOf(kmagentRecord({}, { status: LONG_INSTALLING }), { answers: heard(asks(GOOD)) }),
    NOW,
    (text) => text,
  );
  const [held] = plan.writes.flatMap((write) => (write.kind === "create" ? [write.object] : []));
  if (held === undefined) throw new Error("nothing is held");
  const { metadata } = held;
  const notes = { ...metadata.annotations, ...annotations };
  return { ...held, metadata: { ...metadata, uid: "uid-held", resourceVersion: "1", annotations: notes } };
}

/** The same once every node has proved it. */
function proved(): KubeObject {
  const hash = accepted().metadata.annotations?.[ANNOTATION.remoteHash] ?? "";
  return accepted({ [ANNOTATION.remoteProved]: hash, [ANNOTATION.remoteProvedSince]: "2026-01-01T00:00:00Z" });
}

const condition = ({ status }: Plan) => status.conditions?.find(({ type }) => type === "RemoteConfigApplied");
const told = ({ events }: Plan) => events.map(({ reason }) => reason);

describe("a configuration of the platform that the spec allows no more", () => {
  test("is refused by its rule and place, in condition, status, event and to the platform", () => {
    const plan = pass(TIGHT, { held: accepted() });
    expect(condition(plan)).toMatchObject({ status: "False", reason: "Refused" });
    expect(plan.status.config?.lastRemote).toMatchObject({
      verdict: "Refused",
      rule: "signals",
      path: "service.pipelines.traces",
    });
    expect(told(plan)).toEqual(["RemoteConfigRefused"]);
    for (const text of [
      condition(plan)?.message,
      plan.events[0]?.message,
      remoteReport(plan.remoteOutcome, (text) => text).lastError,
    ]) {
      expect(text).toMatch(/was accepted, and is refused now.*service\.pipelines\.traces: /);
      expect(text).toContain("rule signals");
    }
  });

  test("is told of once, also by a process that begins anew", () => {
    const held = accepted();
    const first = pass(TIGHT, { held });
    const memory = remember(NO_MEMORY, first, [], NOW);
    expect(told(pass(TIGHT, { held, memory }))).toEqual([]);
    expect(told(pass(TIGHT, { held, status: first.status }))).toEqual([]);
    const mended = remember(NO_MEMORY, pass({}, { held, memory, generation: 3 }), [], NOW);
    expect(told(pass(TIGHT, { held, memory: mended, generation: 4 }))).toEqual(["RemoteConfigRefused"]);
  });

  test("counts again once the spec allows it", () => {
    const held = accepted();
    const plan = pass({}, { held, status: pass(TIGHT, { held }).status });
    expect(condition(plan)).toMatchObject({ status: "Unknown", reason: "Applying" });
    expect(told(plan)).toEqual([]);
  });
});

describe("a configuration of the platform, while nothing can be made of the spec for another reason,", () => {
  test("is in force where it was proved", () => {
    expect(condition(pass(BROKEN, { held: proved() }))).toMatchObject({ status: "True", reason: "Applied" });
  });

  test("is on its way where it wasn't", () => {
    expect(condition(pass(BROKEN, { held: accepted() }))).toMatchObject({ status: "Unknown", reason: "Applying" });
  });
});
