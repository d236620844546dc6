import { describe, expect, test } from "@jest/globals";
import { nodeOfFleet } from "../../test/fleet/observations.ts";
import { asks, GOOD, heard, LONG_INSTALLING } from "../../test/fleet/remote.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import { ANNOTATION, LABEL } from "../api/labels.ts";
import type { KmAgentSpecInput } from "../api/kmagent.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { HeardAnswer } from "../platform/wire.ts";
import { objectId } from "./object-id.ts";
import type { Plan } from "./plan.ts";
import type { KmAgentRecord } from "./project.ts";
import { reconcile } from "./reconcile.ts";
import { RemoteInbox } from "./remote-inbox.ts";
import { remoteReport } from "./remote-report.ts";
import type { Snapshot } from "./snapshot.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const HELD = "ConfigMap agent-node-agent-remote";

const BAD = { ...GOOD, exporters: { otlphttp: { endpoint: "https://thief.example" } } };

const kmagent = (spec: Partial<KmAgentSpecInput> = {}, more: Partial<KmAgentRecord> = {}) =>
  kmagentRecord(spec, { status: LONG_INSTALLING, ...more });

function snapshot(of: KmAgentRecord, answers: Snapshot["answers"], live: readonly KubeObject[] = []): Snapshot {
  return snapshotOf(of, { answers, live: new Map(live.map((object) => [objectId(object), object])) });
}

const pass = (of: Snapshot) => reconcile(of, NOW, (text) => text);
const objectsOf = ({ writes }: Plan) => writes.flatMap((write) => ("object" in write ? [write.object] : []));
const written = (plan: Plan, id: string) => objectsOf(plan).find((object) => objectId(object) === id);
const source = (plan: Plan) => plan.status.config?.source;
const condition = ({ status }: Plan) => status.conditions?.find(({ type }) => type === "RemoteConfigApplied");

/** What is held after a pass, as another process finds it. */
function heldAfter(plan: Plan): KubeObject {
  const object = written(plan, HELD);
  if (!object) throw new Error("nothing is held");
  return { ...object, metadata: { ...object.metadata, uid: "uid-held", resourceVersion: "1" } };
}

describe("a configuration that the platform sends", () => {
  test("is held before anything is made of it, and then is what the agents should run", () => {
    const plan = pass(snapshot(kmagent(), heard(asks(GOOD))));
    expect(objectsOf(plan).map(objectId)[0]).toBe(HELD);
    expect(written(plan, HELD)).toMatchObject({
      metadata: {
        labels: { [LABEL.component]: "node-agent" },
        annotations: { [ANNOTATION.remoteSince]: "2026-01-01T00:10:00Z" },
        ownerReferences: [{ kind: "KmAgent", uid: "uid-agent", controller: true }],
      },
      data: { "accepted.yaml": expect.stringContaining("otlphttp") },
    });
    expect(source(plan)).toBe("Remote");
    expect(condition(plan)).toMatchObject({ status: "Unknown", reason: "Applying" });
    expect(plan.status.config?.lastRemote).toMatchObject({ verdict: "Accepted", since: "2026-01-01T00:10:00Z" });
    expect(plan.events.map(({ reason }) => reason)).toEqual(["RemoteConfigAccepted"]);
  });

  test("is held by a write of this pass's time, by which a look past the caches is repeated", () => {
    const { writes } = pass(snapshot(kmagent(), heard(asks(GOOD))));
    const times = writes.flatMap((write) => (write.kind === "create" ? [write.at] : []));
    expect(new Set(times)).toEqual(new Set([NOW]));
  });

  test("stays in force for a process that begins anew", () => {
    const held = heldAfter(pass(snapshot(kmagent(), heard(asks(GOOD)))));
    const plan = pass(snapshot(kmagent(), [], [held]));
    expect(source(plan)).toBe("Remote");
    expect(plan.events).toEqual([]);
  });

  test("makes the same revision every time", () => {
    const first = pass(snapshot(kmagent(), heard(asks(GOOD))));
    const again = pass(snapshot(kmagent(), heard(asks(GOOD)), [heldAfter(first)]));
    expect(again.status.config?.revision).toBe(first.status.config?.revision);
    expect(written(again, HELD)?.["data"]).toEqual(written(first, HELD)?.["data"]);
  });

  test("that is refused moves nothing, and status, event and platform say by which rule and where", () => {
    const before = pass(snapshot(kmagent(), []));
    const plan = pass(snapshot(kmagent(), heard(asks(BAD))));
    expect(source(plan)).toBe("Default");
    expect(plan.status.config?.revision).toBe(before.status.config?.revision);
    expect(condition(plan)).toMatchObject({ status: "False", reason: "Refused" });
    const { rule, path } = plan.status.config?.lastRemote ?? {};
    expect(path).toBe("exporters.otlphttp.endpoint");
    for (const text of [
      condition(plan)?.message,
      plan.events[0]?.message,
      remoteReport(plan.remoteOutcome, (text) => text).lastError,
    ]) {
      expect(text).toContain(rule);
      expect(text).toContain("exporters.otlphttp.endpoint");
    }
  });

  test("yields to the spec's own, and is kept for when that goes", () => {
    const inline =
      "receivers: { otlp: { protocols: { grpc: {} } } }\nexporters: { debug: {} }\nservice: { pipelines: { traces: { receivers: [otlp], exporters: [debug] } } }";
    const plan = pass(snapshot(kmagent({ config: { nodeAgent: { inline } } }), heard(asks(GOOD))));
    expect(source(plan)).toBe("Spec");
    expect(condition(plan)).toMatchObject({ status: "False", reason: "OverriddenBySpec" });
    expect(source(pass(snapshot(kmagent(), [], [heldAfter(plan)])))).toBe("Remote");
  });

  test("is neither taken nor used while remote configuration is switched off", () => {
    const off = kmagent({
      platform: { remoteConfig: { mode: "Disabled" } },
    });
    expect(written(pass(snapshot(off, heard(asks(GOOD)))), HELD)).toBeUndefined();
    const held = heldAfter(pass(snapshot(kmagent(), heard(asks(GOOD)))));
    expect(source(pass(snapshot(off, [], [held])))).toBe("Default");
  });

  test("is held while paused too, for it may come only once", () => {
    const plan = pass(snapshot(kmagent({ paused: true }), heard(asks(GOOD))));
    expect(objectsOf(plan).map(objectId)).toEqual([HELD]);
  });

  test("of somebody else's ConfigMap counts for nothing", () => {
    const held = heldAfter(pass(snapshot(kmagent(), heard(asks(GOOD)))));
    const foreign = { ...held, metadata: { ...held.metadata, ownerReferences: [], labels: {} } };
    expect(source(pass(snapshot(kmagent(), [], [foreign])))).toBe("Default");
  });

  test("is judged again when it is read: what somebody wrote into the ConfigMap passes the guard or isn't used", () => {
    const held = heldAfter(pass(snapshot(kmagent(), heard(asks(GOOD)))));
    const data = held["data"] as Record<string, string>;
    const changed = {
      ...held,
      data: {
        ...data,
        "accepted.yaml": data["accepted.yaml"]?.replace("${env:KM_COLLECTOR_ENDPOINT}", "https://thief.example"),
      },
    };
    const plan = pass(snapshot(kmagent(), [], [changed]));
    expect(plan.status.conditions?.find(({ type }) => type === "ConfigValid")?.status).toBe("False");
    expect(objectsOf(plan).map(({ kind }) => kind)).not.toContain("DaemonSet");
  });
});

test("a restart that the platform asks for is part of both components' pods", () => {
  const before = pass(snapshot(kmagent(), []));
  const plan = pass(snapshot(kmagent(), heard(asks(null))));
  expect(plan.status.config?.revision).not.toBe(before.status.config?.revision);
  const { desired } = plan.rendered ?? {};
  for (const kind of ["DaemonSet", "Deployment"]) {
    expect(desired?.ok === true && desired.objects.find((object) => object.kind === kind)).toMatchObject({
      spec: { template: { metadata: { annotations: { [ANNOTATION.restartRequested]: "2026-01-01T00:10:00Z" } } } },
    });
  }
  expect(plan.events.map(({ reason }) => reason)).toEqual(["RestartRequested", "RestartRequested"]);
});

test("a restart that the platform asks for isn't told of a cluster agent that is switched off", () => {
  const of = (spec: Parameters<typeof kmagent>[0]) => pass(snapshot(kmagent(spec), heard(asks(null))));
  const off = of({ clusterAgent: { enabled: false } });
  expect(off.remote?.notes.map(({ kind, component }) => `${kind} ${component}`)).toEqual(["restart node-agent"]);
  expect(off.events.map(({ message }) => message)).toEqual(["The platform asked to restart the node agents."]);
  // The spec's own configuration is restarted as any other.
  const inline =
    "receivers: { otlp: { protocols: { grpc: {} } } }\nexporters: { debug: {} }\nservice: { pipelines: { traces: { receivers: [otlp], exporters: [debug] } } }";
  expect(of({ config: { clusterAgent: { inline } } }).events).toHaveLength(2);
});

test("a restart that the platform asks for while everything is paused is told as one that waits", () => {
  const { events } = pass(snapshot(kmagent({ paused: true }), heard(asks(null))));
  expect(events.map(({ message }) => message)).toContain(
    "The platform asked to restart the node agents; nothing is restarted until spec.paused is false.",
  );
});

test("while nothing is installed, what waits says the same in each pass: another word would be a write", () => {
  const older = kmagentRecord({}, { name: "older", uid: "o", creationTimestamp: "2025-01-01T00:00:00Z" });
  const of = kmagentRecord();
  const overlapped = (answers: Snapshot["answers"], live: readonly KubeObject[]) => ({
    ...snapshot(of, answers, live),
    siblings: [older],
    nodes: [nodeOfFleet(1, { pod: null, probe: null })],
  });
  const first = pass(overlapped(heard(asks(GOOD)), []));
  expect(condition(first)?.message).toMatch(
    /waits for a first revision to be proved, to which it could be taken back\.$/,
  );
  const later = reconcile(overlapped([], [heldAfter(first)]), NOW + 60_000, (text) => text);
  expect(condition(later)?.message).toBe(condition(first)?.message);
  expect(first.nextAt === null || Number.isFinite(first.nextAt)).toBe(true);
});

describe("the inbox", () => {
  const quiet: HeardAnswer = { restartRequired: false, nodeAgent: null, clusterAgent: null };

  test("asks for no pass where the platform goes on asking for nothing", () => {
    const inbox = new RemoteInbox();
    expect([quiet, quiet, asks(GOOD), asks(GOOD), quiet, quiet].map((answer) => inbox.put("u", answer))).toEqual([
      true,
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test("keeps what came while a pass was under way", () => {
    const inbox = new RemoteInbox();
    inbox.put("u", asks(GOOD));
    const taken = inbox.of("u");
    inbox.put("u", asks(BAD));
    inbox.drop("u", taken);
    expect(inbox.of("u")).toHaveLength(1);
    inbox.forget("u");
    expect(inbox.of("u")).toEqual([]);
  });

  test("never holds more than a few", () => {
    const inbox = new RemoteInbox();
    for (let at = 0; at < 100; at++) inbox.put("u", asks({ at }));
    expect(inbox.of("u")).toHaveLength(8);
  });

  test("gives the same hash for every order of keys, and another for another number beyond 2^53", () => {
    const hash = (document: Readonly<Record<string, unknown>>) => {
      const [answer] = heard(asks(document));
      return answer?.kind === "read" ? answer.configs["node-agent"]?.hash : undefined;
    };
    expect(hash({ a: 1, b: { c: 2, d: 3 } })).toBe(hash({ b: { d: 3, c: 2 }, a: 1 }));
    expect(hash({ a: 9007199254740993n })).not.toBe(hash({ a: 9007199254740992n }));
  });
});

describe("what the platform is told of its configurations", () => {
  const told = [
    { hash: "a", since: 1 },
    { hash: "b", since: 2 },
  ];
  test("is once that they are in force, and on and on while one isn't", () => {
    expect(remoteReport({ kind: "applied", message: "on 2 of 3 nodes", last: null, told }, (text) => text)).toEqual({
      lastError: "",
      news: { id: "a@1 b@2", text: "on 2 of 3 nodes" },
    });
    expect(remoteReport({ kind: "applying", message: "on 1 of 3 nodes", last: null, told }, (text) => text)).toEqual({
      lastError: "on 1 of 3 nodes",
      news: null,
    });
  });

  test("holds no secret of which a key of a document may be made", () => {
    const message = "exporters.km_secret-key: isn't a setting of otlphttp.";
    const mask = (text: string) => text.replaceAll("km_secret-key", "***");
    expect(remoteReport({ kind: "refused", message, last: null, told }, mask).lastError).toBe(
      "exporters.***: isn't a setting of otlphttp.",
    );
  });
});
