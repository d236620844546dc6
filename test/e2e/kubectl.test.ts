import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { KmAgentSpec } from "../../src/api/kmagent.ts";
import { enterWorld, install } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/* What a person sees who uses kubectl and nothing else. */

const NAMESPACE = "kubectl";

let world: World;
let operator: Installation;

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: NAMESPACE, release: "kmagent-operator" });
  await operator.applyKmAgent();
}, 240_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

async function kubectl(...args: readonly string[]): Promise<string> {
  return (await world.kubectl(["-n", NAMESPACE, ...args])).stdout;
}

/** Cells of a table by its header, which kubectl aligns with spaces; messages may hold single ones. */
function table(text: string): readonly Readonly<Record<string, string>>[] {
  const [header = "", ...rows] = text.trimEnd().split("\n");
  const columns = [...header.matchAll(/\S+\s*/g)].map((found) => ({ name: found[0].trim(), at: found.index }));
  return rows.map((row) =>
    Object.fromEntries(columns.map(({ name, at }, index) => [name, row.slice(at, columns[index + 1]?.at).trim()])),
  );
}

describe("kubectl", () => {
  test("wait --for=condition=Ready ends when the agents are ready", async () => {
    expect(await kubectl("wait", "kmagent/km-agent", "--for=condition=Ready", "--timeout=110s")).toBe(
      "kmagent.kloudmate.com/km-agent condition met\n",
    );
  });

  test("shows conditions at rest as kstatus wants them: neither Reconciling nor Stalled is there", async () => {
    await operator.waitHealthy();
    const types = await kubectl("get", "kma", "km-agent", "-o", "jsonpath={.status.conditions[*].type}");
    expect(types.split(" ")).toEqual(expect.arrayContaining(["Ready", "ConfigValid", "AgentsAvailable"]));
    expect(types).not.toMatch(/Reconciling|Stalled/);
  });

  test("get kma fits a terminal, and -o wide tells reason and message", async () => {
    const [narrow] = table(await kubectl("get", "kma"));
    expect(narrow).toEqual({
      NAME: "km-agent",
      READY: "True",
      NODES: "3",
      HEALTHY: "3",
      REVISION: expect.stringMatching(/^[a-z0-9]{10}$/),
      ROLLOUT: "Complete",
      PLATFORM: "Connected",
      AGE: expect.stringMatching(/^\d+[sm]/),
    });
    for (const line of (await kubectl("get", "kma")).split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    const [wide] = table(await kubectl("get", "kma", "-o", "wide"));
    expect(wide).toMatchObject({
      UNHEALTHY: "0",
      UNCOVERED: "0",
      SOURCE: "Default",
      REASON: "AllHealthy",
      MESSAGE: "3 of 3 nodes are healthy.",
    });
  });

  test("get finds a KmAgent by plural, singular, short and full name", async () => {
    for (const name of ["kmagents", "kmagent", "kma", "kmagents.v1alpha1.kloudmate.com"]) {
      expect(await kubectl("get", name, "-o", "name")).toBe("kmagent.kloudmate.com/km-agent\n");
    }
  });

  test("explain --recursive names every field of the spec, and explain says what each one is for", async () => {
    const all = await kubectl("explain", "kmagent.spec", "--recursive");
    for (const field of Object.keys(KmAgentSpec.shape)) expect(all).toMatch(new RegExp(`^  ${field}\t<`, "m"));
    const paths = ["spec", "spec.health", "spec.rollout", "spec.nodeAgent", "spec.platform", "spec.config", "status"];
    for (const path of paths) {
      const one = await kubectl("explain", `kmagent.${path}`);
      expect([path, one]).not.toEqual([path, expect.stringContaining("<no description>")]);
    }
    expect(await kubectl("explain", "kmagent.spec.health.interval")).toMatch(/DESCRIPTION:\s+\S+/);
  });

  test("describe reads as an account: conditions with sentences, counts, revision, versions, events with their age", async () => {
    const text = await kubectl("describe", "kmagent", "km-agent");
    for (const heading of ["Conditions:", "Config:", "Nodes:", "Rollout:", "Versions:", "Platform URL:", "Events:"])
      expect(text).toMatch(new RegExp(`^ *${heading}`, "m"));
    expect(text).toContain("Message:               3 of 3 nodes are healthy.");
    const events = text.slice(text.indexOf("Events:"));
    expect(events).toMatch(/^ {2}Normal +ConditionChanged +\d+\S* +kmagent-operator +Ready is True/m);
    expect(events).not.toContain("<unknown>");
  });

  test("events --for shows what happened to a KmAgent", async () => {
    expect(await kubectl("events", "--for", "kmagent/km-agent")).toMatch(/ConditionChanged +KmAgent\/km-agent/);
  });

  test("diff of what is applied already finds nothing", async () => {
    const kmagent = await operator.kmagent();
    const applied = kmagent?.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"] ?? "";
    // Exit code 1 would mean a difference.
    expect((await world.kubectl(["diff", "-f", "-"], applied)).stdout).toBe("");
  });

  test("logs of the operator are lines of JSON, each with time, level and message", async () => {
    const lines = (await kubectl("logs", "deployment/kmagent-operator")).trimEnd().split("\n");
    for (const line of lines) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      expect(entry).toMatchObject({ level: expect.any(String), msg: expect.any(String), ts: expect.any(String) });
    }
  });

  test("a mistake is refused with the field's path, before anything of it is tried", async () => {
    const create = async (spec: object) => {
      const object = { apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", metadata: { name: "wrong" }, spec };
      await world.kubectl(["create", "-n", NAMESPACE, "-f", "-"], JSON.stringify(object));
    };
    await expect(create({ clusterName: "prod" })).rejects.toThrow("spec.apiKeySecretRef: Required value");
    const apiKeySecretRef = { name: "km-agent-credentials", key: "apiKey" };
    await expect(create({ clusterName: "a b", apiKeySecretRef })).rejects.toThrow("spec.clusterName: Invalid value");
  });
});
