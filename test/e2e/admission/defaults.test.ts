import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CustomResourceDefinition } from "../../../src/api/crd.ts";
import { KmAgentSpec } from "../../../src/api/kmagent.ts";
import { isJsonObject } from "../../../src/api/json.ts";
import type { KubeObject } from "../../../src/kube/resource.ts";
import { eventually } from "../../eventually.ts";
import { BASES } from "./documents.ts";
import { AdmissionServer, released, WITHIN_MS } from "./server.ts";

/*
 * What an upgrade of the definition does to a KmAgent that was stored under an older one. A field that is new gets its default
 * without anybody's write. A default that was once stored stays, for nobody can tell it from a user's own word: so the schema
 * holds constants only, and what follows the release, images above all, isn't in it.
 */

/** The definition as an older release might have had it: without `rollout.approval`, and with another `health.startupGrace`. */
const older = edited(released, (spec) => {
  const rollout = at(spec, "properties", "rollout", "properties");
  delete rollout["approval"];
  at(spec, "properties", "health", "properties", "startupGrace")["default"] = "5m";
});

const stopping = new AbortController();
const { signal } = stopping;
let server: AdmissionServer;
let before: KubeObject;
let after: KubeObject;

beforeAll(async () => {
  server = await AdmissionServer.start("defaults", older, signal);
  await server.create(BASES.smallest, signal);
  before = await server.read("km-agent", signal);
  await server.define(released, signal);
  after = await eventually(
    "the released definition counts",
    async () => {
      const read = await server.read("km-agent", signal);
      return at(read, "spec", "rollout")["approval"] === undefined ? undefined : read;
    },
    { withinMs: WITHIN_MS, everyMs: 50, signal },
  );
}, 60_000);

afterAll(async () => {
  await server.stop(signal);
  stopping.abort();
}, 60_000);

describe("after an upgrade of the definition an old KmAgent", () => {
  test("has the defaults of fields that are new", () => {
    expect([at(before, "spec", "rollout")["approval"], at(after, "spec", "rollout")["approval"]]).toEqual([
      undefined,
      "Automatic",
    ]);
  });

  test("wasn't written for it", () => {
    expect([after.metadata.resourceVersion, after.metadata.generation]).toEqual([
      before.metadata.resourceVersion,
      before.metadata.generation,
    ]);
  });

  test("keeps the defaults that were stored with it", () => {
    expect(at(after, "spec", "health")["startupGrace"]).toBe("5m");
  });

  test("is, but for those, what the code makes of the user's own words", () => {
    const today = KmAgentSpec.parse(BASES.smallest.spec);
    expect(after["spec"]).toEqual({ ...today, health: { ...today.health, startupGrace: "5m" } });
  });

  test("follows the release in everything that the release decides, for no default of that kind was ever stored", () => {
    const stored = [at(after, "spec", "nodeAgent"), at(after, "spec", "clusterAgent")];
    const released = ["image", "imagePullPolicy", "resources", "priorityClassName", "env", "securityContext"];
    expect(stored.flatMap((agent) => Object.keys(agent).filter((field) => released.includes(field)))).toEqual([]);
  });
});

describe("the code, beside a definition that is older than itself,", () => {
  test("fills in what the API server doesn't know yet", () => {
    const parsed = KmAgentSpec.parse(before["spec"]);
    expect([parsed.rollout.approval, parsed.health.startupGrace]).toEqual(["Automatic", "5m"]);
  });
});

function edited(
  definition: CustomResourceDefinition,
  edit: (spec: Record<string, unknown>) => void,
): CustomResourceDefinition {
  const copy = structuredClone(definition);
  edit(at(copy.spec.versions[0], "schema", "openAPIV3Schema", "properties", "spec"));
  return copy;
}

/** The object at a path of keys. */
function at(of: unknown, ...keys: string[]): Record<string, unknown> {
  const found = keys.reduce<unknown>((value, key) => (isJsonObject(value) ? value[key] : undefined), of);
  if (!isJsonObject(found)) throw new Error(`nothing at ${keys.join(".")}`);
  return found;
}
