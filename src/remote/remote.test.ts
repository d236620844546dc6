import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../../test/properties.ts";
import { BOUND } from "../api/bounds.ts";
import { KmAgentSpec } from "../api/kmagent.ts";
import { guardSettings } from "../config/guard/remote/limits.ts";
import type { Answer } from "./ask.ts";
import { heldConfigMap, readHeld } from "./held.ts";
import { COMPONENTS, NO_RECORDS } from "./record.ts";
import type { RemoteRecords } from "./record.ts";
import { decideRemote } from "./remote.ts";
import type { RemoteFacts } from "./remote.ts";
import { learn, NOTHING_TRIED } from "./tried.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const MINUTE = 60_000;
const spec = KmAgentSpec.parse({ clusterName: "c", apiKeySecretRef: { name: "s", key: "k" } });
/** A spec that allows none of the configurations below. */
const WITHOUT_TRACES = KmAgentSpec.parse({ ...spec, config: { features: { traces: false } } });
const KMAGENT = {
  name: "km-agent",
  namespace: "km",
  uid: "u",
  generation: 1,
  resourceVersion: "1",
  creationTimestamp: "",
  deleting: false,
  annotations: {},
  spec,
  status: {},
};

/** A configuration that the guard takes; `timeout` tells one from the other. */
function good(timeout: string | number) {
  return {
    receivers: { otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } } },
    processors: { batch: { timeout: `${timeout}s`, send_batch_size: 8.192e3 } },
    exporters: {
      otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } },
    },
    service: { pipelines: { traces: { receivers: ["otlp"], processors: ["batch"], exporters: ["otlphttp"] } } },
  };
}
const BAD = { ...good(1), receivers: { nosuch: {} } };

type Sent = readonly [hash: string, document: unknown] | null;
function answer(node: Sent, cluster: Sent = null, restartRequired = true): Answer {
  const of = (sent: Sent) => sent && { hash: sent[0], document: sent[1] };
  return { kind: "read", restartRequired, configs: { "node-agent": of(node), "cluster-agent": of(cluster) } };
}
const QUIET = answer(null, null, false);
const RESTART = answer(null);
const A: Sent = ["a", good(1)];
const B: Sent = ["b", good(2)];
const C: Sent = ["c", BAD];
/** What it says of the collector's own telemetry is replaced by ours. */
const SAME_AS_A: Sent = [
  "a2",
  { ...good(1), service: { ...good(1).service, telemetry: { logs: { level: "debug" } } } },
];

interface Step {
  readonly answers?: readonly Answer[];
  readonly after?: number;
  readonly retry?: string;
  readonly rolledBack?: boolean;
  /** Hash that the node agents' stable revision holds. */
  readonly proved?: string;
  /** Hash of what their rollout took back. */
  readonly failed?: string | undefined;
  readonly minIntervalMs?: number;
  /** From now on, how long a first revision is waited for; `null` where one was proved. */
  readonly unprovedMs?: number | null;
  readonly generation?: number;
  /** What the spec has become by then. */
  readonly allows?: KmAgentSpec;
}

/** Takes steps one after the other, each time through the ConfigMaps, as after a restart of the operator. */
function play(...steps: readonly Step[]) {
  let records: RemoteRecords = NO_RECORDS;
  let now = NOW;
  const told: string[] = [];
  let nextAt: number | null = null;
  for (const step of steps) {
    const { answers = [], after = 0, retry = "", rolledBack = false, minIntervalMs = 0, generation = 1 } = step;
    const { proved = "", failed, allows = spec, unprovedMs = null } = step;
    now += after;
    const rejection = { revision: `rev-${failed ?? ""}`, reason: "CollectorExited", message: "exit code 1" };
    const tried = { provedHash: proved, failed: failed === undefined ? null : { hash: failed, ...rejection } };
    const learnt = learn(records["node-agent"], failed === undefined && proved === "" ? NOTHING_TRIED : tried, retry);
    told.push(...learnt.notes.map(({ kind }) => `node ${kind} ${failed ?? ""}`));
    const facts: RemoteFacts = {
      records: { ...records, "node-agent": learnt.record },
      answers,
      guard: guardSettings({ ...KMAGENT, spec: allows }),
      settings: { minIntervalMs, retry, generation },
      unprovedUntil: { "node-agent": unprovedMs === null ? null : now + unprovedMs, "cluster-agent": null },
      rolledBack: { "node-agent": rolledBack, "cluster-agent": rolledBack },
    };
    const decided = decideRemote(facts, now);
    told.push(
      ...decided.notes.map((note) => {
        const what = "hash" in note ? ` ${note.hash}` : note.kind === "refused" ? ` ${note.refused.hash}` : "";
        return `${note.component === "node-agent" ? "node" : "cluster"} ${note.kind}${what}`;
      }),
    );
    const dues = Object.values(decided.waits).flatMap((wait) => (wait === null ? [] : [wait.until]));
    nextAt = dues.length === 0 ? null : Math.min(...dues);
    records = held(decided.records);
  }
  return { records, node: records["node-agent"], cluster: records["cluster-agent"], told, nextAt, now };
}

function held(records: RemoteRecords): RemoteRecords {
  const again = (component: "node-agent" | "cluster-agent") => {
    const object = heldConfigMap(KMAGENT, component, records[component]);
    return object ? readHeld(object) : NO_RECORDS[component];
  };
  return { "node-agent": again("node-agent"), "cluster-agent": again("cluster-agent") };
}

describe("an answer of the platform", () => {
  const table: readonly [name: string, steps: readonly Step[], told: readonly string[]][] = [
    ["that asks for nothing moves nothing", [{ answers: [QUIET] }], []],
    [
      "with both configurations gives each its own",
      [{ answers: [answer(A, B)] }],
      ["node accepted a", "cluster accepted b"],
    ],
    ["with one alone gives it to its component", [{ answers: [answer(null, B)] }], ["cluster accepted b"]],
    [
      "with a configuration and no restart is no wish",
      [{ answers: [answer(A, B, false)] }],
      ["node unasked a", "cluster unasked b"],
    ],
    ["that asks for a restart alone restarts both", [{ answers: [RESTART] }], ["node restart", "cluster restart"]],
    [
      "that is repeated is one wish",
      [{ answers: [RESTART] }, { answers: [RESTART] }],
      ["node restart", "cluster restart"],
    ],
    [
      "that is repeated after another one is another wish",
      [{ answers: [RESTART] }, { answers: [QUIET] }, { answers: [RESTART] }],
      ["node restart", "cluster restart", "node restart", "cluster restart"],
    ],
    [
      "given again and again moves once",
      [{ answers: [answer(A)] }, { answers: [answer(A)] }],
      ["node accepted a", "node same a"],
    ],
    [
      "with what is in force, after one without, is a wish for a restart",
      [{ answers: [answer(A)] }, { answers: [QUIET] }, { answers: [answer(A)] }],
      ["node accepted a", "node restart"],
    ],
    [
      "with what is in force beside something new restarts only what is new",
      [{ answers: [answer(A, B)] }, { answers: [QUIET] }, { answers: [answer(B, B)] }],
      ["node accepted a", "cluster accepted b", "node accepted b", "cluster same b"],
    ],
    [
      "with another configuration that makes the same of the pods moves none",
      [{ answers: [answer(A)] }, { answers: [answer(SAME_AS_A)] }],
      ["node accepted a", "node kept a2"],
    ],
    [
      "that the guard refuses isn't tried again",
      [{ answers: [answer(C)] }, { answers: [QUIET] }, { answers: [answer(C)] }],
      ["node refused c", "node same c"],
    ],
    [
      "that was refused doesn't keep a good one away",
      [{ answers: [answer(C)] }, { answers: [answer(A)] }],
      ["node refused c", "node accepted a"],
    ],
    ["with an empty object is a bad configuration", [{ answers: [answer(["e", {}])] }], ["node refused e"]],
    [
      "that nobody could read is refused for its size",
      [{ answers: [{ kind: "oversized" }] }, { answers: [{ kind: "oversized" }] }],
      ["node refused unread"],
    ],
    [
      "that nobody could read is refused again after a good one",
      [{ answers: [{ kind: "oversized" }] }, { answers: [answer(A)] }, { answers: [{ kind: "oversized" }] }],
      ["node refused unread", "node accepted a", "node refused unread"],
    ],
    [
      "with one good and one bad configuration applies the good one",
      [{ answers: [answer(C, B)] }],
      ["node refused c", "cluster accepted b"],
    ],
    [
      "with what was rolled back restarts nothing",
      [{ answers: [answer(A)] }, { answers: [QUIET] }, { answers: [answer(A)], rolledBack: true }],
      ["node accepted a", "node same a"],
    ],
    [
      "that came while another waited to be taken is taken after it",
      [{ answers: [answer(A), answer(B), QUIET, answer(A)] }],
      ["node accepted a", "node accepted b", "node accepted a"],
    ],
  ];
  test.each(table)("%s", (_name, steps, told) => {
    expect(play(...steps).told).toEqual(told);
  });

  test("leaves the guard's word: rule, path and sentence, and what was refused", () => {
    const { node } = play({ answers: [answer(A)] }, { answers: [answer(C)] });
    expect(node.refused).toMatchObject([{ hash: "c", since: NOW }]);
    expect(node.refused[0]?.path).toBe("receivers.nosuch");
    expect(node.refused[0]?.rule).not.toBe("");
    expect(node.refusedText).toContain("nosuch");
    expect(node.accepted?.hash).toBe("a");
  });

  test("that nobody could read is what was heard last, whatever was heard between two of them", () => {
    const oversized: Answer = { kind: "oversized" };
    const { node } = play({ answers: [oversized] }, { answers: [answer(A)] }, { answers: [oversized], after: MINUTE });
    expect(node).toMatchObject({ accepted: { hash: "a" }, heard: "unread", refused: [{ hash: "unread" }] });
  });

  test("keeps whole numbers whole, also beyond 2^53", () => {
    const document = good(1);
    const large = { ...document, processors: { batch: { timeout: "1s", send_batch_size: 9007199254740993n } } };
    expect(play({ answers: [answer(A)] }).node.accepted?.text).toContain("send_batch_size: 8192");
    const text = play({ answers: [answer(["l", large])] }).node;
    expect(`${text.accepted?.text ?? ""}${text.refusedText ?? ""}`).toContain("9007199254740993");
  });
});

describe("a configuration that was rolled back", () => {
  const failedA: readonly Step[] = [{ answers: [answer(B)] }, { answers: [answer(A)], proved: "b" }, { failed: "a" }];
  const story = ["node accepted b", "node accepted a", "node rolledBack a"];
  const table: readonly [name: string, steps: readonly Step[], told: readonly string[]][] = [
    ["moves nothing when it is sent again", [{ answers: [answer(A)] }], ["node same a"]],
    [
      "moves nothing when it is sent again after an answer that asked for nothing, for that is a wish too",
      [{ answers: [QUIET] }, { answers: [answer(A)] }],
      ["node same a"],
    ],
    [
      "isn't tried when it is sent after a good one either",
      [{ answers: [answer(["d", good(4)])] }, { answers: [answer(A)] }],
      ["node accepted d", "node same a"],
    ],
    ["lets what holds be restarted", [{ answers: [RESTART] }], ["node restart", "cluster restart"]],
    ["makes way for another one", [{ answers: [answer(["d", good(4)])] }], ["node accepted d"]],
    [
      "is tried again where the annotation names its hash, once",
      [{ retry: "a" }, { retry: "a", failed: "a" }, { retry: "a" }],
      ["node accepted a", "node rolledBack a"],
    ],
    [
      "is tried again where the annotation names its revision",
      [{ retry: "rev-a" }, { retry: "rev-a" }],
      ["node accepted a"],
    ],
    [
      "is tried a third time once the annotation was set anew",
      [{ retry: "a" }, { retry: "a", failed: "a" }, {}, { retry: "a" }],
      ["node accepted a", "node rolledBack a", "node accepted a"],
    ],
    [
      "is tried again when it is sent while the annotation names it, though its text is gone",
      [{ answers: [answer(["d", good(4)])] }, { retry: "a" }, { retry: "a", answers: [answer(A)] }],
      ["node accepted d", "node accepted a"],
    ],
  ];
  test.each(table)("%s", (_name, steps, told) => {
    expect(play(...failedA, ...steps).told).toEqual([...story, ...told]);
  });

  test("makes way for what was proved before, durably, and is kept for a retry", () => {
    const { node } = play(...failedA);
    expect(node).toMatchObject({ accepted: { hash: "b" }, proved: { hash: "b" }, heard: "a" });
    expect(node.rolledBack).toMatchObject([{ hash: "a", revision: "rev-a", reason: "CollectorExited" }]);
    expect(node.rolledBackText).toContain('timeout: "1s"');
  });

  test("counts for platform.remoteConfig.minInterval: the next one waits as if it were in force", () => {
    const slow = { minIntervalMs: 5 * MINUTE };
    const { node, nextAt } = play(
      { answers: [answer(A)], ...slow },
      { failed: "a", after: MINUTE, ...slow },
      { answers: [answer(B)], ...slow },
    );
    expect(node).toMatchObject({ accepted: null, waiting: { hash: "b", since: NOW + MINUTE } });
    expect(nextAt).toBe(NOW + 5 * MINUTE);
  });
});

test("a ConfigMap has room for all that agents need, and what was refused goes without its text where there is none", () => {
  const long = (letter: string) => letter.repeat(262_144);
  const counts = (letter: string) => ({ hash: letter, text: long(letter), since: NOW });
  const { node } = play({ answers: [answer(C)] });
  const full = { ...node, accepted: counts("a"), proved: counts("b"), waiting: counts("c"), refusedText: long("d") };
  const object = heldConfigMap(KMAGENT, "node-agent", full);
  const bytes = Object.values(object?.["data"] ?? {}).join("").length;
  expect(bytes).toBeLessThan(1_048_576);
  const read = object && readHeld(object);
  // Compared as one value each: a difference in long texts can't be read.
  expect([read?.accepted?.text, read?.proved?.text, read?.waiting?.text].map((text) => text?.length)).toEqual([
    262_144, 262_144, 262_144,
  ]);
  expect([read?.refusedText, read?.refused[0]?.hash]).toEqual([null, "c"]);
});

test("what an earlier release wrote at more length than may be shown is cut when it is read", () => {
  const long = "x".repeat(5_000);
  const { node } = play({ answers: [answer(C)] });
  const refused = { hash: "c", rule: "settings", path: long, message: long, since: NOW };
  const rolledBack = { hash: "d", revision: "r", reason: "OOMKilled", message: long, together: false, since: NOW };
  const written = { ...node, refused: [refused], rolledBack: [{ ...rolledBack, retried: false }] };
  const object = heldConfigMap(KMAGENT, "node-agent", written);
  const read = object && readHeld(object);
  expect(read?.refused[0]?.path).toHaveLength(BOUND.path);
  expect(read?.refused[0]?.message).toHaveLength(BOUND.message);
  expect(read?.rolledBack[0]?.message).toHaveLength(BOUND.message);
  expect(read && held({ ...NO_RECORDS, "node-agent": read })["node-agent"]).toEqual(read);
});

describe("before any revision is proved", () => {
  test("a configuration waits, counts once there is one to go back to, and the newest one wins", () => {
    const unproved = { unprovedMs: MINUTE };
    const waits = play({ answers: [answer(A)], ...unproved }, { answers: [answer(B)], ...unproved });
    expect(waits.node).toMatchObject({ accepted: null, waiting: { hash: "b" } });
    expect(waits.nextAt).toBe(NOW + MINUTE);
    const done = play({ answers: [answer(A)], ...unproved }, { answers: [answer(B)], ...unproved }, {});
    expect(done.node).toMatchObject({ accepted: { hash: "b" }, waiting: null });
    expect(done.told).toEqual(["node waits a", "node waits b", "node accepted b"]);
  });

  test("a configuration counts when that was waited for long enough: it may be what mends the agents", () => {
    const { node } = play({ answers: [answer(A)], unprovedMs: MINUTE }, { after: MINUTE, unprovedMs: 0 });
    expect(node).toMatchObject({ accepted: { hash: "a" }, waiting: null });
  });
});

describe("platform.remoteConfig.minInterval", () => {
  const slow = { minIntervalMs: 5 * MINUTE };

  test("holds a newer configuration back, durably, and applies it by itself", () => {
    const waits = play({ answers: [answer(A)], ...slow }, { answers: [answer(B)], after: MINUTE, ...slow });
    expect(waits.node).toMatchObject({ accepted: { hash: "a" }, waiting: { hash: "b" } });
    expect(waits.nextAt).toBe(NOW + 5 * MINUTE);
    const done = play(
      { answers: [answer(A)], ...slow },
      { answers: [answer(B)], after: MINUTE, ...slow },
      { after: 4 * MINUTE, ...slow },
    );
    expect(done.node).toMatchObject({ accepted: { hash: "b", since: NOW + 5 * MINUTE }, waiting: null });
    expect(done.nextAt).toBeNull();
  });

  test("has what waited judged once more when its time has come, by what the spec allows then", () => {
    const allows = WITHOUT_TRACES;
    const { node, told, nextAt } = play(
      { answers: [answer(A)], ...slow },
      { answers: [answer(B)], ...slow },
      { after: 5 * MINUTE, allows, ...slow },
      { allows, ...slow },
    );
    expect(told).toEqual(["node accepted a", "node waits b", "node refused b"]);
    expect(node).toMatchObject({ accepted: { hash: "a" }, waiting: null, refused: [{ hash: "b", rule: "signals" }] });
    expect(node.refusedText).toContain('timeout: "2s"');
    expect(nextAt).toBeNull();
  });

  test("lets the newest win, also where that is the one in force", () => {
    const newest = play(
      { answers: [answer(A)], ...slow },
      { answers: [answer(B)], ...slow },
      { answers: [answer(["d", good(4)])], ...slow },
    );
    expect(newest.node.waiting?.hash).toBe("d");
    const back = play(
      { answers: [answer(A)], ...slow },
      { answers: [answer(B)], ...slow },
      { answers: [answer(A)], ...slow },
    );
    expect(back.node).toMatchObject({ accepted: { hash: "a", since: NOW }, waiting: null });
    expect(back.told).toEqual(["node accepted a", "node waits b", "node kept a"]);
  });

  test("holds for restarts too, and a configuration that comes spares one", () => {
    const restart = play({ answers: [answer(A)], ...slow }, { answers: [RESTART], ...slow });
    expect(restart.node).toMatchObject({ restartedAt: null, restartWaits: true });
    const later = play(
      { answers: [answer(A)], ...slow },
      { answers: [RESTART], ...slow },
      { after: 5 * MINUTE, ...slow },
    );
    expect(later.node).toMatchObject({ restartedAt: NOW + 5 * MINUTE, restartWaits: false });
    const spared = play(
      { answers: [answer(A)], ...slow },
      { answers: [RESTART], ...slow },
      { answers: [answer(B)], after: 5 * MINUTE, ...slow },
    );
    expect(spared.node).toMatchObject({ accepted: { hash: "b" }, restartedAt: null, restartWaits: false });
  });
});

describe("the annotation kloudmate.com/retry", () => {
  test("has what was refused judged again, once for each generation of the spec", () => {
    const { told, node } = play(
      { answers: [answer(C)] },
      { retry: "c" },
      { retry: "c" },
      { retry: "c", generation: 2 },
    );
    expect(told).toEqual(["node refused c", "node refused c", "node refused c"]);
    expect(node.refused).toHaveLength(1);
  });
  test("says nothing to another one", () => {
    expect(play({ answers: [answer(C)] }, { retry: "b" }).told).toEqual(["node refused c"]);
  });
});

test("whatever the platform answers, the ConfigMaps hold all of it, the newest twenty refusals at most, and what is accepted is the guard's", () => {
  const sent = fc.constantFrom<Sent>(null, A, B, C, ["d", good(4)], ["e", {}], ["f", { ...good(1), x: 1 }]);
  const step = fc.record({
    answers: fc.array(
      fc.oneof(
        fc.constant<Answer>({ kind: "oversized" }),
        fc.tuple(sent, sent, fc.boolean()).map(([n, c, r]) => answer(n, c, r)),
      ),
      { maxLength: 3 },
    ),
    after: fc.integer({ min: 0, max: 10 * MINUTE }),
    retry: fc.constantFrom("", "a", "rev-a", "c", "e"),
    proved: fc.constantFrom("", "a", "b", "d"),
    failed: fc.option(fc.constantFrom("a", "b", "d"), { nil: undefined }),
    rolledBack: fc.boolean(),
    minIntervalMs: fc.constantFrom(0, 5 * MINUTE),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const { records, node, now } = play(...steps);
      expect(held(records)).toEqual(records);
      for (const component of COMPONENTS) {
        const { accepted, proved, waiting, refused, rolledBack } = records[component];
        for (const hash of [accepted?.hash, proved?.hash, waiting?.hash]) {
          expect(["c", "e", "f", "unread"]).not.toContain(hash);
        }
        expect(new Set(rolledBack.map(({ hash }) => hash)).size).toBe(rolledBack.length);
        for (const { hash } of rolledBack) expect([accepted?.hash, waiting?.hash]).not.toContain(hash);
        expect(new Set(refused.map(({ hash }) => hash)).size).toBe(refused.length);
      }
      expect(node.accepted?.since ?? 0).toBeLessThanOrEqual(now);
    }),
    { numRuns: runs(60) },
  );
});
