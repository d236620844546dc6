import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DAEMONSETS, DEPLOYMENTS, resourcePath } from "../../src/kube/resource.ts";
import { pushImageAs } from "../cluster/images.ts";
import { eventually } from "../eventually.ts";
import { report } from "../installation/report.ts";
import { startRewritingWebhook } from "../installation/rewriting-webhook.ts";
import type { RewritingWebhook } from "../installation/rewriting-webhook.ts";
import { operatorWrites } from "../installation/writes.ts";
import { conditionOf, enterWorld, install, SOAK, untilKmAgent } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";

/* A policy engine that rewrites what the operator applies, as Kyverno does: both get their way, and nobody fights. */

const NAMESPACE = "admission";
const WEBHOOK = "rewrite.kmagent.test";
const TOLERATION = { key: "example.com/dedicated", operator: "Exists" };
/** How many more reports of each node prove the silence after the writes: they come every 10 s. */
const SILENT_REPORTS = SOAK ? 30 : 2;
const SILENCE_MS = SILENT_REPORTS * 30_000;
const TEST_MS = 240_000 + SILENCE_MS;

let world: World;
let operator: Installation;
let webhook: RewritingWebhook;
let mirrored: string;

beforeAll(async () => {
  world = await enterWorld(2 * TEST_MS + 600_000);
  const { cluster, images, kubectl, signal } = world;
  if (!cluster.registry || cluster.hostAddress === undefined) throw new Error("these tests need PROVIDER=local");
  const repository = images.collector.slice(cluster.registry.host.length + 1);
  const mirror = `mirror/${repository}`;
  ({ reference: mirrored } = await pushImageAs(cluster.registry.host, "otelcol", mirror, signal));
  webhook = await startRewritingWebhook(cluster.hostAddress, {
    image: { from: images.collector, to: mirrored },
    label: { name: "policy.example.com/checked", value: "yes" },
    toleration: TOLERATION,
  });
  operator = await install(world, { namespace: NAMESPACE, release: "kmagent-operator" });
  await kubectl.apply(webhook.configuration(WEBHOOK, NAMESPACE));
}, 240_000);

afterAll(async () => {
  await world.kubectl(["delete", "mutatingwebhookconfiguration", WEBHOOK, "--ignore-not-found"]);
  await webhook.close();
  expect(await operator.leave()).toEqual([]);
}, 240_000);

interface Workload {
  readonly metadata: { readonly labels: Record<string, string>; readonly generation: number };
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: { image: string }[]; readonly tolerations: object[] } };
  };
}

async function workload(kind: "daemonset" | "deployment"): Promise<Workload> {
  const [type, name] = kind === "daemonset" ? [DAEMONSETS, "km-agent"] : [DEPLOYMENTS, "km-agent-cluster"];
  const found = await world.api.get<Workload>(resourcePath(type, NAMESPACE, name));
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** How often the operator wrote each workload since then. */
async function workloadWrites(since: Date): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { object } of await operatorWrites(world, NAMESPACE, since)) counts[object] = (counts[object] ?? 0) + 1;
  return counts;
}

/** Waits until the operator has gone on watching for a while: each node was reported that often again. */
async function reportsPass(): Promise<void> {
  const before = await operator.platform.rows();
  const wanted = new Map(before.filter(({ mode }) => mode === "node").map((row) => [row.hostname, row.count]));
  await eventually(
    "further reports of each node",
    async () => {
      const rows = await operator.platform.rows();
      const passed = [...wanted].every(([hostname, count]) =>
        rows.some((row) => row.hostname === hostname && row.count >= count + SILENT_REPORTS),
      );
      return passed ? true : undefined;
    },
    { withinMs: SILENCE_MS, everyMs: 1_000 },
  );
}

async function overridden(): Promise<KmAgentObject> {
  return await untilKmAgent(
    operator,
    "FieldOverridden in the status",
    (seen) => conditionOf(seen, "RolloutComplete")?.reason === "FieldOverridden",
    60_000,
  );
}

describe("a webhook that rewrites the image's registry and adds a label and a toleration", () => {
  test(
    "has its way: the agents run its image, with at most two writes for each workload, then silence",
    async () => {
      const began = new Date();
      await operator.applyKmAgent();
      await operator.waitHealthy(180_000);
      for (const kind of ["daemonset", "deployment"] as const) {
        const { metadata, spec } = await workload(kind);
        expect(spec.template.spec.containers[0]?.image).toBe(mirrored);
        expect(spec.template.spec.tolerations).toContainEqual(TOLERATION);
        expect(metadata.labels["policy.example.com/checked"]).toBe("yes");
      }
      await operator.waitClusterAgentProved();
      const settled = new Date();
      await reportsPass();
      const writes = await workloadWrites(began);
      report("admission", {
        writes,
        silence: await workloadWrites(settled),
        settledMs: Number(settled) - Number(began),
      });
      expect(writes["daemonsets/km-agent"]).toBeLessThanOrEqual(2);
      expect(writes["deployments/km-agent-cluster"]).toBeLessThanOrEqual(2);
      const later = await workloadWrites(settled);
      expect(Object.keys(later).filter((object) => !object.endsWith("/status"))).toEqual([]);
    },
    TEST_MS,
  );

  test("is told of in the status: FieldOverridden, with path and value, and Ready all the same", async () => {
    const kmagent = await overridden();
    const { status, message } = conditionOf(kmagent, "RolloutComplete") ?? {};
    expect(status).toBe("True");
    expect(message).toContain("spec.template.spec.containers[km-agent].image");
    expect(message).toContain(mirrored);
    expect(message).toContain("spec.template.spec.tolerations");
    expect(message).toContain(TOLERATION.key);
    expect(conditionOf(kmagent, "Ready")?.status).toBe("True");
    expect(kmagent.status?.nodes).toMatchObject({ desired: 3, healthy: 3 });
  });

  test(
    "has its way again after the spec changes, with at most two writes more",
    async () => {
      const began = new Date();
      const { collector } = world.images;
      await operator.applyKmAgent({
        nodeAgent: { image: collector, terminationGracePeriodSeconds: 4 },
        clusterAgent: { image: collector, podLabels: { team: "sre" } },
      });
      await operator.waitHealthy(180_000);
      await reportsPass();
      const writes = await workloadWrites(began);
      report("admission", { afterChange: writes });
      expect(writes["daemonsets/km-agent"]).toBeLessThanOrEqual(2);
      expect(writes["deployments/km-agent-cluster"]).toBeLessThanOrEqual(2);
      expect((await workload("daemonset")).spec.template.spec.containers[0]?.image).toBe(mirrored);
    },
    TEST_MS,
  );

  test("that goes away leaves no trace of the fight once the spec changes: the status says so", async () => {
    await world.kubectl(["delete", "mutatingwebhookconfiguration", WEBHOOK]);
    await operator.applyKmAgent();
    const kmagent = await operator.waitHealthy(180_000);
    expect((await workload("daemonset")).spec.template.spec.containers[0]?.image).toBe(world.images.collector);
    expect((await workload("deployment")).spec.template.spec.containers[0]?.image).toBe(world.images.collector);
    expect(conditionOf(kmagent, "RolloutComplete")?.reason).toBe("RolledOut");
  });
});
