import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import { createWriter } from "./apply.ts";
import type { Writer } from "./apply.ts";
import type { KubeRequest, KubeResponse } from "./client.ts";
import { CONFIGMAPS, PODS } from "./resource.ts";
import type { KubeObject } from "./resource.ts";

const { signal } = new AbortController();

const CONFIG: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: "a",
    namespace: "ns",
    uid: "from-the-cache",
    resourceVersion: "7",
    managedFields: [{ manager: "x" }],
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { l: "1" },
  },
  data: { k: "v" },
};

class Bench {
  readonly sent: KubeRequest[] = [];
  /** What was counted, with its labels: verb, resource, code. */
  readonly counted: string[] = [];
  readonly writer: Writer;
  leading = true;
  answer: KubeResponse | KmError = { status: 200, body: CONFIG, warnings: ["careful"] };

  constructor(remainingMs = 10_000) {
    this.writer = createWriter({
      client: {
        request: (request) => {
          request.beforeSend?.();
          this.sent.push(request);
          return this.answer instanceof KmError ? Promise.reject(this.answer) : Promise.resolve(this.answer);
        },
      },
      fieldManager: "kmagent-operator",
      fence: () => {
        if (!this.leading) throw new KmError("NotLeading", "not ours");
      },
      remainingMs: () => remainingMs,
      metrics: { add: (name, labels) => this.counted.push([name, ...Object.values(labels)].join(" ")) },
    });
  }
}

const uid = "u-1";
const writes: readonly {
  name: string;
  act: (writer: Writer) => Promise<unknown>;
  sends: object;
  idempotent: boolean;
  /** Verb and resource under which it is counted; null where it writes nothing. */
  counts: string | null;
}[] = [
  {
    name: "apply sends what is ours alone, under our name, and takes fields over",
    act: (writer) => writer.apply(CONFIG, {}, signal),
    sends: {
      method: "PATCH",
      path: "/api/v1/namespaces/ns/configmaps/a",
      query: { fieldManager: "kmagent-operator", force: true },
      contentType: "application/apply-patch+yaml",
      body: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "a", namespace: "ns", labels: { l: "1" } },
        data: { k: "v" },
      },
    },
    idempotent: true,
    counts: "apply ConfigMap",
  },
  {
    name: "apply with a UID carries it",
    act: (writer) => writer.apply(CONFIG, { uid }, signal),
    sends: { body: { metadata: { name: "a", uid } } },
    idempotent: true,
    counts: "apply ConfigMap",
  },
  {
    name: "a dry run is one, and needn't take over",
    act: (writer) => writer.apply(CONFIG, { dryRun: true, force: false }, signal),
    sends: { query: { fieldManager: "kmagent-operator", force: false, dryRun: "All" } },
    idempotent: true,
    counts: null,
  },
  {
    name: "applyStatus goes to the subresource",
    act: (writer) =>
      writer.applyStatus(
        { apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", metadata: { name: "k", namespace: "ns" }, status: {} },
        { uid },
        signal,
      ),
    sends: {
      method: "PATCH",
      path: "/apis/kloudmate.com/v1alpha1/namespaces/ns/kmagents/k/status",
      body: { metadata: { uid } },
    },
    idempotent: true,
    counts: "apply KmAgent/status",
  },
  {
    name: "create posts to the collection and isn't sent twice",
    act: (writer) => writer.create(CONFIG, {}, signal),
    sends: { method: "POST", path: "/api/v1/namespaces/ns/configmaps", query: { fieldManager: "kmagent-operator" } },
    idempotent: false,
    counts: "create ConfigMap",
  },
  {
    name: "patchAnnotations merges, bound to the object that was seen",
    act: (writer) =>
      writer.patchAnnotations(CONFIGMAPS, { namespace: "ns", name: "a", uid }, { on: "1", off: null }, signal),
    sends: {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: { metadata: { annotations: { on: "1", off: null }, uid } },
    },
    idempotent: true,
    counts: "patch ConfigMap",
  },
  {
    name: "clear takes away by a strategic merge, bound to the object that was seen",
    act: (writer) => writer.clear(CONFIGMAPS, { namespace: "ns", name: "a", uid }, { spec: { gone: null } }, signal),
    sends: {
      method: "PATCH",
      contentType: "application/strategic-merge-patch+json",
      body: { spec: { gone: null }, metadata: { uid } },
    },
    idempotent: true,
    counts: "patch ConfigMap",
  },
  {
    name: "remove deletes the object of that UID and version alone",
    act: (writer) =>
      writer.remove(
        PODS,
        { namespace: "ns", name: "p" },
        { uid, resourceVersion: "7", propagationPolicy: "Background" },
        signal,
      ),
    sends: {
      method: "DELETE",
      path: "/api/v1/namespaces/ns/pods/p",
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid, resourceVersion: "7" },
        propagationPolicy: "Background",
      },
    },
    idempotent: true,
    counts: "delete Pod",
  },
];

describe("the writer", () => {
  test.each(writes)("$name", async ({ act, sends, idempotent }) => {
    const bench = new Bench();
    await act(bench.writer);
    expect(bench.sent).toHaveLength(1);
    expect(bench.sent[0]).toMatchObject(sends);
    expect(bench.sent[0]?.retries).toBe(idempotent ? 2 : 0);
  });

  test("an apply carries nothing that only the server sets", async () => {
    const bench = new Bench();
    await bench.writer.apply(CONFIG, {}, signal);
    expect(bench.sent[0]?.body).toHaveProperty("metadata", { name: "a", namespace: "ns", labels: { l: "1" } });
  });

  test.each(writes)("who doesn't lead can't: $name", async ({ act }) => {
    const bench = new Bench();
    bench.leading = false;
    await expect(act(bench.writer)).rejects.toMatchObject({ code: "NotLeading" });
    expect(bench.sent).toEqual([]);
  });

  test.each(writes)("no write is waited for beyond the lease: $name", async ({ act }) => {
    const bench = new Bench(3_210);
    await act(bench.writer);
    expect(bench.sent[0]?.timeoutMs).toBe(3_210);
  });

  test.each(writes)("each is counted once, by what became of it, as $counts: $name", async ({ act, counts }) => {
    const bench = new Bench();
    const as = (code: string) => (counts === null ? [] : [`kmagent_operator_api_writes_total ${counts} ${code}`]);
    await act(bench.writer);
    expect(bench.counted).toEqual(as("ok"));
    bench.answer = new KmError("Unavailable", "away");
    await expect(act(bench.writer)).rejects.toThrow("away");
    bench.leading = false;
    await expect(act(bench.writer)).rejects.toThrow("not ours");
    expect(bench.counted).toEqual([...as("ok"), ...as("Unavailable"), ...as("NotLeading")]);
  });

  test("reading needs no lease", async () => {
    const bench = new Bench(0);
    bench.leading = false;
    expect(await bench.writer.read(CONFIGMAPS, "ns", "a", signal)).toEqual(CONFIG);
    expect(bench.counted).toEqual([]);
  });

  test("tells whether the write made the object, and what the server warned of", async () => {
    const bench = new Bench();
    expect(await bench.writer.apply(CONFIG, {}, signal)).toEqual({
      object: CONFIG,
      warnings: ["careful"],
      created: false,
    });
    bench.answer = { status: 201, body: CONFIG, warnings: [] };
    expect(await bench.writer.apply(CONFIG, {}, signal)).toMatchObject({ created: true });
  });

  test("what isn't there reads as undefined and is removed as absent", async () => {
    const bench = new Bench();
    bench.answer = new KmError("NotFound", "gone");
    expect(await bench.writer.read(PODS, "ns", "p", signal)).toBeUndefined();
    expect(await bench.writer.remove(PODS, { namespace: "ns", name: "p" }, { uid }, signal)).toBe("absent");
  });

  test("another object of the name is a conflict, also where the server calls the UID invalid", async () => {
    const bench = new Bench();
    const causes = [{ field: "metadata.uid", message: "field is immutable" }];
    bench.answer = new KmError("Invalid", "metadata.uid: field is immutable", { causes });
    await expect(bench.writer.apply(CONFIG, { uid }, signal)).rejects.toMatchObject({ code: "Conflict", causes });
  });

  test("an invalid object stays invalid", async () => {
    const bench = new Bench();
    bench.answer = new KmError("Invalid", "no", { causes: [{ field: "data", message: "no" }] });
    await expect(bench.writer.apply(CONFIG, { uid }, signal)).rejects.toMatchObject({ code: "Invalid" });
  });

  test("a kind that isn't the operator's business is refused before anything is sent", async () => {
    const bench = new Bench();
    const role: KubeObject = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "x" },
    };
    await expect(bench.writer.apply(role, {}, signal)).rejects.toMatchObject({ code: "Invalid" });
    expect(bench.sent).toEqual([]);
  });

  test("an answer that is no object is told of", async () => {
    const bench = new Bench();
    bench.answer = { status: 200, body: "ok", warnings: [] };
    await expect(bench.writer.apply(CONFIG, {}, signal)).rejects.toMatchObject({ code: "BadResponse" });
  });
});
