import { afterEach, describe, expect, test } from "@jest/globals";
import { until } from "../../test/eventually.ts";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { ScriptedApiServer, json, refuse } from "../../test/kube/scripted-api-server.ts";
import type { Step } from "../../test/kube/scripted-api-server.ts";
import { createKubeClient } from "../kube/client.ts";
import type { KubeClient } from "../kube/client.ts";
import { createReferenceWatch } from "./reference-watch.ts";
import type { ReferenceWatch } from "./reference-watch.ts";
import type { Reference } from "./references.ts";

const SECRETS = "/api/v1/namespaces/km/secrets";
const CONFIG_MAPS = "/api/v1/namespaces/km/configmaps";
const KEY: Reference = { kind: "Secret", name: "s", key: "k", path: "spec.apiKeySecretRef" };
const CONFIG: Reference = { kind: "ConfigMap", name: "c", key: "k", path: "spec.config.nodeAgent.configMapKeyRef" };
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The list of one named object; `data` as the API server holds it, null where the object isn't there. */
function lists(path: string, name: string, data: Record<string, unknown> | null, resourceVersion = "5"): Step {
  const items = data === null ? [] : [{ metadata: { name, namespace: "km", uid: "u", resourceVersion }, data }];
  return {
    name: `list of ${name}`,
    path,
    query: { watch: null, fieldSelector: `metadata.name=${name}` },
    answer: json({ metadata: { resourceVersion }, items }),
  };
}

/** A watch that sends these events and stays. */
function watches(path: string, name: string, ...events: readonly object[]): Step {
  return {
    name: `watch of ${name}`,
    path,
    query: { watch: "true", fieldSelector: `metadata.name=${name}` },
    answer: (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    },
  };
}

interface World {
  readonly server: ScriptedApiServer;
  readonly client: KubeClient;
  readonly stop: AbortController;
  readonly watch: ReferenceWatch;
  readonly changes: () => number;
  readonly failures: string[];
}

const worlds: World[] = [];

async function world(...steps: readonly Step[]): Promise<World> {
  const server = await ScriptedApiServer.start(steps);
  const clock = new FakeClock();
  const client = createKubeClient({ kubeconfig: server.kubeconfig, version: "test", clock });
  const stop = new AbortController();
  const failures: string[] = [];
  let changes = 0;
  const watch = createReferenceWatch(
    {
      client,
      clock,
      random: () => 0.5,
      namespace: "km",
      readableSecrets: ["s", "t"],
      onChange: () => changes++,
      onFailure: ({ code }) => failures.push(code),
    },
    stop.signal,
  );
  const made = { server, client, stop, watch, changes: () => changes, failures };
  worlds.push(made);
  return made;
}

afterEach(async () => {
  for (const { server, client, stop } of worlds.splice(0)) {
    stop.abort();
    await client.close();
    await server.stop();
  }
});

describe("what is known of a reference", () => {
  test.each<{ name: string; data: Record<string, unknown> | null; expected: object }>([
    {
      name: "is the Secret's value, verbatim with its newline",
      data: { k: base64("the-key\n") },
      expected: { kind: "found", text: "the-key\n" },
    },
    { name: "is that the object isn't there", data: null, expected: { kind: "missing" } },
    {
      name: "is that it has no such key, with those it has",
      data: { other: base64("x"), more: base64("y") },
      expected: { kind: "keyMissing", keys: ["other", "more"] },
    },
    { name: "is that its value is empty", data: { k: "" }, expected: { kind: "keyMissing", keys: ["k"] } },
  ])("$name", async ({ data, expected }) => {
    const { watch, changes, server } = await world(lists(SECRETS, "s", data), watches(SECRETS, "s"));
    watch.follow([KEY]);
    expect(watch.read(KEY)).toEqual({ kind: "loading" });
    await until(() => changes() > 0 && server.finished);
    expect(watch.read(KEY)).toEqual(expected);
    server.verify();
  });

  test("is a ConfigMap's text as it stands, and follows its changes", async () => {
    const object = { metadata: { name: "c", namespace: "km", uid: "u", resourceVersion: "6" }, data: { k: "new" } };
    const { watch } = await world(
      lists(CONFIG_MAPS, "c", { k: "old: 1" }),
      watches(CONFIG_MAPS, "c", { type: "MODIFIED", object }),
    );
    watch.follow([CONFIG]);
    await until(() => watch.read(CONFIG).kind === "found");
    await until(() => JSON.stringify(watch.read(CONFIG)).includes("new"));
    expect(watch.read(CONFIG)).toEqual({ kind: "found", text: "new" });
  });

  test("is that a Secret which the chart doesn't grant can't be read, without asking for it", async () => {
    const { watch, server } = await world();
    const other = { ...KEY, name: "not-granted" };
    watch.follow([other]);
    expect(watch.read(other)).toEqual({ kind: "notReadable", readable: ["s", "t"] });
    expect(server.calls).toEqual([]);
  });

  test("is that the API server refuses to show it", async () => {
    const { watch, changes, failures } = await world({
      ...lists(SECRETS, "s", null),
      answer: refuse(403, "Forbidden"),
    });
    watch.follow([KEY]);
    await until(() => changes() > 0);
    expect(watch.read(KEY)).toEqual({ kind: "notReadable", readable: ["s", "t"] });
    expect(failures).toEqual(["Forbidden"]);
  });
});

describe("the watches", () => {
  test("are one for each object, however many KmAgents name it", async () => {
    const { watch, changes, server } = await world(
      lists(SECRETS, "s", { k: base64("x"), l: base64("y") }),
      watches(SECRETS, "s"),
    );
    const again = { ...KEY, key: "l" };
    watch.follow([KEY, again]);
    watch.follow([KEY, again]);
    await until(() => changes() > 0 && server.finished);
    expect(watch.read(again)).toEqual({ kind: "found", text: "y" });
    server.verify();
  });

  test("end with the last KmAgent that names the object, and what was read is forgotten", async () => {
    const { watch, server } = await world(lists(SECRETS, "s", { k: base64("x") }), watches(SECRETS, "s"));
    watch.follow([KEY]);
    await until(() => watch.read(KEY).kind === "found" && server.finished);
    watch.follow([]);
    expect(watch.read(KEY)).toEqual({ kind: "loading" });
  });
});
