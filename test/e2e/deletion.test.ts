import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../eventually.ts";
import { leftovers } from "../installation/leftovers.ts";
import { applyCrd, helm } from "../installation/operator.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, SOAK } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * Deletion in every order. The CRD is one for the whole cluster: orders that delete it at the same place go side by side,
 * each in a namespace of its own.
 */

type Step = "KmAgent" | "operator" | "namespace" | "CRD";

const OTHERS = ["KmAgent", "operator", "namespace"] as const;
const CRD = "kmagents.kloudmate.com";
/** Of the six orders of the others, those that `make test` takes for each place of the CRD; together they have every pair both ways. */
const PICKED: Readonly<Record<number, readonly number[]>> = { 0: [0, 4], 1: [1, 2], 2: [3, 5], 3: [0, 5] };

let world: World;
const installations: Installation[] = [];

beforeAll(async () => {
  world = await enterWorld();
}, 60_000);

afterEach(async () => {
  const violations = [];
  for (const installation of installations.splice(0)) violations.push(...(await installation.leave()));
  expect(violations).toEqual([]);
}, 240_000);

afterAll(async () => {
  await applyCrd(world.kubectl);
}, 60_000);

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** Orders that have the CRD at this place. */
function ordersWithCrdAt(place: number): Step[][] {
  const orders = permutations<Step>(OTHERS).map((order) => order.toSpliced(place, 0, "CRD"));
  return SOAK ? orders : orders.filter((_, at) => PICKED[place]?.includes(at));
}

/** Deletes one thing as an administrator does and waits until it's gone; what went with something else counts as deleted. */
async function remove(step: Step, { namespace, release }: Installation): Promise<void> {
  const { kubectl, cluster, signal } = world;
  switch (step) {
    case "KmAgent":
      if (await kubectl.get(["crd", CRD])) {
        await kubectl(["delete", "kmagents", "--all", "-n", namespace, "--wait", "--timeout=60s"]);
      }
      return;
    case "operator":
      await helm(cluster, ["uninstall", release, "-n", namespace, "--ignore-not-found", "--wait"], signal);
      return;
    case "namespace":
      await kubectl(["delete", "namespace", namespace, "--wait", "--timeout=120s"]);
      return;
    case "CRD":
      await kubectl(["delete", "crd", CRD, "--ignore-not-found", "--wait", "--timeout=60s"]);
      return;
    default:
      step satisfies never;
  }
}

/** An operator whose agents run: one on a node, so that several orders find room. */
async function running(namespace: string, at: number): Promise<Installation> {
  const installation = await install(world, { namespace, release: "kmagent-operator" });
  installations.push(installation);
  await installation.applyKmAgent({
    nodeAgent: {
      image: world.images.collector,
      nodeSelector: { "kubernetes.io/hostname": `node-${(at % 3) + 1}` },
      hostPorts: { health: false },
      terminationGracePeriodSeconds: 2,
    },
  });
  await installation.waitHealthy(180_000);
  return installation;
}

async function agents(namespace: string): Promise<string[]> {
  const found = await world.kubectl.get<{ items: { kind: string; metadata: { name: string } }[] }>([
    "daemonsets,deployments,replicasets,pods,configmaps",
    "-n",
    namespace,
    "-l",
    "app.kubernetes.io/name=km-agent",
  ]);
  return (found?.items ?? []).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

describe("deletion of KmAgent, operator, namespace and CRD", () => {
  test.each([0, 1, 2, 3])(
    "finishes and leaves nothing, with the CRD after %i others",
    async (place) => {
      await applyCrd(world.kubectl);
      const orders = ordersWithCrdAt(place);
      const installed = await Promise.all(orders.map((_, at) => running(`deletion-${place}${at}`, at)));
      const began = performance.now();
      for (let step = 0; step < 4; step += 1) {
        await Promise.all(
          installed.map(async (installation, at) => {
            const what = orders[at]?.[step];
            if (what !== undefined && (what !== "CRD" || at === 0)) await remove(what, installation);
            // Whatever holds the KmAgent is gone with it, also where no operator is left to see to it.
            if (what === "KmAgent" || what === "CRD" || what === "namespace") {
              await eventually(
                `nothing of the KmAgent is left after ${String(orders[at]?.slice(0, step + 1))}`,
                async () => {
                  const left = await agents(installation.namespace);
                  if (left.length > 0) throw new Error(left.join(" "));
                  return true;
                },
                { withinMs: 90_000, everyMs: 500 },
              );
            }
          }),
        );
      }
      report("deletion", { orders, tookMs: Math.round(performance.now() - began) });
      const namespaces = installed.map(({ namespace }) => namespace);
      // The agents' rights outlive a release by design, as its notes say; where the namespace went first, Helm forgot the operator's too.
      const left = await leftovers(world, namespaces);
      expect(left.filter((name) => !/^ClusterRole(Binding)?\//.test(name))).toEqual([]);
      if (left.length > 0) await world.kubectl(["delete", ...left]);
      expect(await leftovers(world, namespaces)).toEqual([]);
    },
    400_000,
  );
});
