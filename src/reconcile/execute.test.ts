import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import { FIELD_MANAGER, LABEL } from "../api/labels.ts";
import type { ApplyOptions, RemoveOptions, Writer, Written } from "../kube/apply.ts";
import type { KubeObject } from "../kube/resource.ts";
import { execute } from "./execute.ts";
import { freshMemory, rememberAnswer } from "./object-decision.ts";
import type { ObjectMemory } from "./object-decision.ts";
import type { Write } from "./plan.ts";
import { projectKmAgent } from "./project.ts";

const KMAGENT = projectKmAgent({
  metadata: { name: "agent", namespace: "km", uid: "uid-agent" },
  spec: { clusterName: "c", apiKeySecretRef: { name: "s", key: "k" } },
});
const NOW = Date.parse("2026-01-01T00:10:00Z");
const NEVER = new AbortController().signal;

function object(kind: string, name: string, component: string, more: Partial<KubeObject["metadata"]> = {}): KubeObject {
  const apiVersion = kind === "ConfigMap" || kind === "Pod" ? "v1" : "apps/v1";
  return { apiVersion, kind, metadata: { name, namespace: "km", labels: { [LABEL.component]: component }, ...more } };
}

const create = (of: KubeObject, memory = freshMemory("w")): Write => ({
  kind: "create",
  object: of,
  wish: "w",
  memory,
  at: NOW,
});
const OURS = {
  ownerReferences: [
    { apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", name: "agent", uid: "uid-agent", controller: true },
  ],
};

/** A writer over a few objects, which notes what it was asked for and fails where it is told to. */
function fakeWriter(there: readonly KubeObject[] = [], failures: Readonly<Record<string, KmError>> = {}) {
  const calls: string[] = [];
  const applied: { readonly object: KubeObject; readonly options: ApplyOptions }[] = [];
  const removed: RemoveOptions[] = [];
  const cleared: unknown[] = [];
  const note = (call: string) => {
    calls.push(call);
    const failure = failures[call];
    if (failure) throw failure;
  };
  const written = (of: KubeObject): Written => ({
    object: { ...of, metadata: { ...of.metadata, uid: "uid-new", resourceVersion: "7" } },
    warnings: [],
    created: true,
  });
  const writer: Writer = {
    read: async (type, _namespace, name) => {
      note(`read ${type.kind} ${name}`);
      return Promise.resolve(there.find((of) => of.kind === type.kind && of.metadata.name === name));
    },
    create: async (of) => {
      note(`create ${of.kind}`);
      return Promise.resolve(written(of));
    },
    apply: async (of, options) => {
      note(`apply ${of.kind} ${of.metadata.name}`);
      applied.push({ object: of, options });
      return Promise.resolve(written(of));
    },
    applyStatus: async (of) => {
      note("status");
      return Promise.resolve(written(of));
    },
    patchAnnotations: async () => Promise.reject(new Error("not used here")),
    clear: async (type, { name }, patch) => {
      note(`clear ${type.kind} ${name}`);
      cleared.push(patch);
      return Promise.resolve(written(object(type.kind, name, "node-agent")));
    },
    remove: async (type, { name }, options) => {
      note(`remove ${type.kind} ${name}`);
      removed.push(options);
      return Promise.resolve("removed" as const);
    },
  };
  return { writer, calls, applied, removed, cleared };
}

const CONFIG = object("ConfigMap", "agent-1", "node-agent");
const DAEMON_SET = object("DaemonSet", "agent", "node-agent");
const DEPLOYMENT = object("Deployment", "agent-cluster", "cluster-agent");
const STATUS: Write = { kind: "status", status: {} };
const ALL = [create(CONFIG), create(DAEMON_SET), create(DEPLOYMENT), STATUS];
const refused = new KmError("Invalid", "no");
const away = new KmError("Unavailable", "away");

describe("a plan's writes", () => {
  test("are done in their order, each creation after a look past the cache", async () => {
    const { writer, calls } = fakeWriter();
    const outcomes = await execute(ALL, KMAGENT, writer, NEVER);
    expect(calls.filter((call) => !call.startsWith("read"))).toEqual([
      "apply ConfigMap agent-1",
      "apply DaemonSet agent",
      "apply Deployment agent-cluster",
      "status",
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["applied", "applied", "applied", "statusWritten"]);
  });

  test.each([
    {
      name: "a failure ends the objects but not the status",
      failures: { "apply ConfigMap agent-1": away },
      there: [],
      expected: ["failed", "statusWritten"],
    },
    {
      name: "a refusal ends its own component alone",
      failures: { "apply ConfigMap agent-1": refused },
      there: [],
      expected: ["refused", "applied", "statusWritten"],
    },
    {
      name: "a name that is taken ends its own component alone, so that no pod mounts somebody else's ConfigMap",
      failures: {},
      there: [object("ConfigMap", "agent-1", "somebody")],
      expected: ["foreign", "applied", "statusWritten"],
    },
    {
      name: "a status that is refused has failed, for nothing else would repeat it",
      failures: { status: new KmError("Forbidden", "no") },
      there: [],
      expected: ["applied", "applied", "applied", "failed"],
    },
  ])("$name", async ({ failures, there, expected }) => {
    const { writer } = fakeWriter(there, failures);
    const outcomes = await execute(ALL, KMAGENT, writer, NEVER);
    expect(outcomes.map(({ kind }) => kind)).toEqual(expected);
  });

  test("say what failed", async () => {
    const { writer } = fakeWriter([], { "apply ConfigMap agent-1": away });
    const [outcome] = await execute(ALL, KMAGENT, writer, NEVER);
    expect(outcome).toEqual({ kind: "failed", what: "create ConfigMap agent-1", error: away });
  });
});

describe("a creation", () => {
  test("never takes fields over from somebody", async () => {
    const { writer, applied } = fakeWriter();
    await execute([create(CONFIG)], KMAGENT, writer, NEVER);
    expect(applied[0]?.options).toEqual({ force: false });
  });

  const found = (more: Partial<KubeObject["metadata"]>) => object("ConfigMap", "agent-1", "node-agent", more);
  const before = OURS.ownerReferences.map((owner) => ({ ...owner, uid: "uid-before" }));
  test.each([
    {
      name: "leaves what is on its way out alone, and writes nothing that needs it",
      there: found({ ...OURS, deletionTimestamp: "2026-01-01T00:09:59Z" }),
      left: "wait",
    },
    {
      name: "waits for what a KmAgent of its name leaves behind",
      there: found({ ownerReferences: before }),
      left: "wait",
    },
    {
      name: "says what is told to go and doesn't",
      there: found({ ...OURS, deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["x/y"] }),
      left: "stuck",
    },
  ])("$name", async ({ there, left }) => {
    const { writer, applied } = fakeWriter([there]);
    const young = { ...KMAGENT, creationTimestamp: "2026-01-01T00:09:50Z" };
    const outcomes = await execute([create(CONFIG), create(DAEMON_SET)], young, writer, NEVER);
    expect(outcomes).toMatchObject([{ kind: "left", decision: { kind: left } }]);
    expect(applied).toEqual([]);
  });

  test("ends a fight over the label by which the caches select, like any other", async () => {
    const fields = { "f:metadata": { "f:labels": { [`f:${LABEL.managedBy}`]: {} } } };
    const managedFields = [{ manager: FIELD_MANAGER, operation: "Apply", fieldsV1: fields }];
    const labelled = found({
      ...OURS,
      uid: "u",
      resourceVersion: "5",
      managedFields,
      labels: { ...CONFIG.metadata.labels, [LABEL.managedBy]: FIELD_MANAGER },
    });
    const stripped = found({ ...OURS, uid: "u", resourceVersion: "6", managedFields });
    const { writer } = fakeWriter([stripped]);
    const path = `metadata.labels.${LABEL.managedBy}`;
    let memory: ObjectMemory = { ...freshMemory("w"), answer: labelled };
    for (let round = 0; round < 5; round++) {
      const [outcome] = await execute([create(CONFIG, memory)], KMAGENT, writer, NEVER);
      expect(outcome).toMatchObject({ kind: "applied", because: "drift", drifted: [{ path, found: "absent" }] });
      if (outcome?.kind === "applied") memory = rememberAnswer(memory, CONFIG, labelled, outcome.drifted, NOW + round);
    }
    const [outcome] = await execute([create(CONFIG, memory)], KMAGENT, writer, NEVER);
    expect(outcome).toMatchObject({ kind: "left", decision: { kind: "keep", overridden: [{ path }] } });
  });

  test("adopts what is ours already, by its UID", async () => {
    const { writer, applied } = fakeWriter([object("ConfigMap", "agent-1", "node-agent", { uid: "uid-old", ...OURS })]);
    const [outcome] = await execute([create(CONFIG)], KMAGENT, writer, NEVER);
    expect(outcome).toMatchObject({ kind: "applied", because: "adopted" });
    expect(applied[0]?.options).toEqual({ uid: "uid-old" });
  });
});

describe("a creation that meets an object which came after the look", () => {
  const merged = (manager: string, subresource = "") => ({
    uid: "uid-theirs",
    managedFields: [
      { manager: FIELD_MANAGER, operation: "Apply" },
      { manager, operation: "Update", subresource },
    ],
  });
  const theirs = { labels: { "app.kubernetes.io/managed-by": "Helm" } };
  const orphaned = { labels: { [LABEL.name]: "km-agent", [LABEL.instance]: "agent" } };

  test.each<{
    name: string;
    answers: readonly (Partial<KubeObject["metadata"]> | KmError)[];
    expected: object;
    taken: readonly ApplyOptions[];
  }>([
    {
      name: "takes its fields back and leaves it to whom it belongs",
      answers: [merged("helm"), { ...merged("helm"), ...theirs }],
      expected: { kind: "foreign", owner: "Helm" },
      taken: [{ force: false }, { uid: "uid-theirs" }],
    },
    {
      name: "gives at least its ownership up where not all can be taken back",
      answers: [merged("helm"), new KmError("Invalid", "field is immutable"), { ...merged("helm"), ...theirs }],
      expected: { kind: "foreign", owner: "Helm" },
      taken: [{ force: false }, { uid: "uid-theirs" }, { uid: "uid-theirs" }],
    },
    {
      name: "adopts it where it is an orphan of ours",
      answers: [merged("kubectl"), { ...merged("kubectl"), ...orphaned }, { uid: "uid-theirs" }],
      expected: { kind: "applied", because: "adopted" },
      taken: [{ force: false }, { uid: "uid-theirs" }, { uid: "uid-theirs" }],
    },
    {
      name: "takes it for its own where nobody else has set a field, as after an answer that was lost",
      answers: [merged(FIELD_MANAGER)],
      expected: { kind: "applied", because: "created" },
      taken: [{ force: false }],
    },
    {
      name: "takes it for its own where only its status was set by others",
      answers: [merged("kube-controller-manager", "status")],
      expected: { kind: "applied", because: "created" },
      taken: [{ force: false }],
    },
  ])("$name", async ({ answers, expected, taken }) => {
    const { writer } = fakeWriter();
    const options: ApplyOptions[] = [];
    const late: Writer = {
      ...writer,
      apply: async (of, given) => {
        const answer = answers[options.length];
        options.push(given);
        if (answer instanceof KmError) throw answer;
        const metadata = { ...of.metadata, ...answer };
        return Promise.resolve({ object: { ...of, metadata }, warnings: [], created: false });
      },
    };
    const [outcome] = await execute([create(DAEMON_SET)], KMAGENT, late, NEVER);
    expect(outcome).toMatchObject(expected);
    expect(options).toEqual(taken);
  });

  test("sets no field when it steps back", async () => {
    const { writer } = fakeWriter();
    const sent: KubeObject[] = [];
    const late: Writer = {
      ...writer,
      apply: async (of) => {
        sent.push(of);
        return Promise.resolve({
          object: { ...of, metadata: { ...of.metadata, ...merged("helm") } },
          warnings: [],
          created: false,
        });
      },
    };
    await execute([create(DAEMON_SET)], KMAGENT, late, NEVER);
    expect(sent[1]).toEqual({ apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent", namespace: "km" } });
  });
});

describe("an apply over a live object", () => {
  const withEnv = (variable: object): KubeObject => ({
    ...DAEMON_SET,
    metadata: { ...DAEMON_SET.metadata, uid: "u" },
    spec: { template: { spec: { containers: [{ name: "km-agent", env: [variable] }] } } },
  });
  const ours = withEnv({ name: "KEY", valueFrom: { secretKeyRef: { name: "s", key: "k" } } });
  const write: Write = { kind: "apply", object: ours, wish: "w", uid: "u", because: "drift", drifted: [] };

  /** Refuses an apply until what stands in its way is cleared. */
  function refusing(there: readonly KubeObject[]) {
    const fake = fakeWriter(there);
    const writer: Writer = {
      ...fake.writer,
      apply: async (of, options, signal) =>
        fake.cleared.length === 0 ? Promise.reject(refused) : fake.writer.apply(of, options, signal),
    };
    return { ...fake, writer };
  }

  test("that another member of a variable stands in the way of takes that away first", async () => {
    const { writer, calls, cleared } = refusing([withEnv({ name: "KEY", value: "x" })]);
    const [outcome] = await execute([write], KMAGENT, writer, NEVER);
    expect(outcome).toMatchObject({ kind: "applied", because: "drift" });
    expect(calls).toEqual(["read DaemonSet agent", "clear DaemonSet agent", "apply DaemonSet agent"]);
    expect(cleared).toEqual([
      {
        spec: { template: { spec: { containers: [{ name: "km-agent", env: [{ name: "KEY", $patch: "delete" }] }] } } },
      },
    ]);
  });

  test("that is refused for something else takes nothing away", async () => {
    const { writer, cleared } = refusing([ours]);
    const [outcome] = await execute([write], KMAGENT, writer, NEVER);
    expect(outcome).toMatchObject({ kind: "refused", error: refused });
    expect(cleared).toEqual([]);
  });
});

describe("a deletion", () => {
  test("carries UID and version, so that it never meets another object", async () => {
    const { writer, removed } = fakeWriter();
    const old = object("Deployment", "agent-cluster", "cluster-agent", { uid: "u", resourceVersion: "5" });
    const [outcome] = await execute([{ kind: "delete", object: old }], KMAGENT, writer, NEVER);
    expect(outcome).toEqual({ kind: "deleted", object: old });
    expect(removed).toEqual([{ uid: "u", resourceVersion: "5", propagationPolicy: "Background" }]);
  });
});

describe("a pod whose DaemonSet is gone", () => {
  const orphan = object("Pod", "agent-x", "node-agent", { uid: "p" });
  const owner = { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent", uid: "gone" };
  const write: Write = { kind: "deleteOrphan", object: orphan, owner };

  test("is deleted by its UID where another one has that name", async () => {
    const { writer, calls, removed } = fakeWriter([object("DaemonSet", "agent", "node-agent", { uid: "there" })]);
    const [outcome] = await execute([write], KMAGENT, writer, NEVER);
    expect(outcome).toEqual({ kind: "deleted", object: orphan });
    expect(calls).toEqual(["read DaemonSet agent", "remove Pod agent-x"]);
    expect(removed).toEqual([{ uid: "p" }]);
  });

  test.each([
    { name: "nobody has that name", there: [] },
    {
      name: "the caches had only missed its owner",
      there: [object("DaemonSet", "agent", "node-agent", { uid: "gone" })],
    },
  ])("stays where $name", async ({ there }) => {
    const { writer, removed } = fakeWriter(there);
    expect(await execute([write], KMAGENT, writer, NEVER)).toEqual([{ kind: "notOrphaned", object: orphan }]);
    expect(removed).toEqual([]);
  });
});

describe("a pod that is tried", () => {
  const POD: Write = { kind: "tryPod", object: object("Pod", "agent-admission", "node-agent") };
  test.each([
    { name: "and taken tells of no refusal", failure: undefined, expected: { kind: "podTried", verdict: null } },
    {
      name: "and refused tells why, in the API server's words",
      failure: new KmError("Forbidden", "exceeded quota: pods"),
      expected: { kind: "podTried", verdict: { kind: "QuotaExceeded", message: "exceeded quota: pods" } },
    },
    {
      name: "under a name that is taken tells of no refusal",
      failure: new KmError("Conflict", "exists"),
      expected: { kind: "podTried", verdict: null },
    },
    {
      name: "and a webhook that has to be asked is away tells of that: no pod gets past it",
      failure: new KmError("Unavailable", 'Internal error occurred: failed calling webhook "policy.example": refused'),
      expected: { kind: "podTried", verdict: { kind: "AdmissionDenied" } },
    },
    { name: "while the API server is away has failed", failure: away, expected: { kind: "failed" } },
  ])("$name", async ({ failure, expected }) => {
    const { writer } = fakeWriter([], failure ? { "create Pod": failure } : {});
    expect((await execute([POD], KMAGENT, writer, NEVER))[0]).toMatchObject(expected);
  });
});
