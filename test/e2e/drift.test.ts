import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CONFIGMAPS, DAEMONSETS, DEPLOYMENTS, EVENTS, resourcePath } from "../../src/kube/resource.ts";
import type { Api, PatchOperation } from "../installation/api.ts";
import { eventually } from "../eventually.ts";
import type { KubernetesObject } from "../installation/kubectl.ts";
import { at, changesOf, ownedFieldsOf } from "../installation/owned-fields.ts";
import { operatorWrites } from "../installation/writes.ts";
import { conditionOf, enterWorld, install, testSpec, untilKmAgent } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";
import { report } from "../installation/report.ts";

/*
 * Changes by hand. No node is selected, so that hundreds of changed templates start no pod: what is looked at are the
 * objects, not what runs by them. Without a node nothing can prove a new template either, so Kubernetes' own strategy is used.
 */

const NAMESPACE = "drift";
const NOWHERE = { "kmagent.test/nowhere": "true" };
const WITHIN_MS = 30_000;

let world: World;
let operator: Installation;
let api: Api;

beforeAll(async () => {
  world = await enterWorld();
  ({ api } = world);
  operator = await install(world, { namespace: NAMESPACE, release: "kmagent-operator" });
  await applyNowhere();
  await present("daemonsets", "km-agent");
  await present("deployments", "km-agent-cluster");
}, 240_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

async function applyNowhere(spec: Readonly<Record<string, unknown>> = {}, name = "km-agent"): Promise<void> {
  const { collector } = world.images;
  const { platform: reports } = testSpec(world.images, operator.platform);
  await operator.applyKmAgent(
    {
      nodeAgent: { image: collector, nodeSelector: NOWHERE },
      clusterAgent: { image: collector, nodeSelector: NOWHERE },
      platform: { ...reports, remoteConfig: { mode: "Disabled" } },
      rollout: { strategy: "RollingUpdate", bakeTime: "10s" },
      ...spec,
    },
    name,
  );
}

const TYPES = { daemonsets: DAEMONSETS, deployments: DEPLOYMENTS, configmaps: CONFIGMAPS } as const;

function pathOf(plural: keyof typeof TYPES, name: string): string {
  return resourcePath(TYPES[plural], NAMESPACE, name);
}

async function present(plural: keyof typeof TYPES, name: string, not = ""): Promise<KubernetesObject> {
  return await eventually(
    `${plural}/${name}`,
    async () => {
      const found = await api.get(pathOf(plural, name));
      return found && found.metadata.uid !== not && !found.metadata.deletionTimestamp ? found : undefined;
    },
    { withinMs: WITHIN_MS, everyMs: 50 },
  );
}

async function configMapOf(plural: "daemonsets" | "deployments", name: string): Promise<string> {
  const workload = await present(plural, name);
  const spec = workload["spec"] as {
    template: { spec: { volumes: { configMap?: { name: string } }[] } };
  };
  const mounted = spec.template.spec.volumes.find(({ configMap }) => configMap)?.configMap?.name;
  if (mounted === undefined) throw new Error("the template mounts no ConfigMap");
  return mounted;
}

/** What a person sees of an object, without what counts changes and what its controller writes. */
function essence(object: KubernetesObject | undefined): unknown {
  if (!object) return undefined;
  const without = (map: object, ...keys: string[]) =>
    Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
  const { metadata } = object;
  const annotations = without(
    metadata.annotations ?? {},
    "deprecated.daemonset.template.generation",
    "deployment.kubernetes.io/revision",
  );
  return {
    ...without(object, "status"),
    metadata: { ...without(metadata, "resourceVersion", "generation", "managedFields"), annotations },
  };
}

interface PodSpec {
  readonly containers: readonly [{ readonly env: readonly { name: string; valueFrom?: { secretKeyRef?: object } }[] }];
  readonly volumes: readonly { readonly name: string; readonly configMap?: object }[];
}

function podSpecOf(workload: KubernetesObject): PodSpec {
  return (workload["spec"] as { template: { spec: PodSpec } }).template.spec;
}

const OBJECTS: readonly [what: string, () => Promise<string>][] = [
  ["the DaemonSet", () => Promise.resolve(pathOf("daemonsets", "km-agent"))],
  ["the Deployment", () => Promise.resolve(pathOf("deployments", "km-agent-cluster"))],
  ["the node agents' ConfigMap", async () => pathOf("configmaps", await configMapOf("daemonsets", "km-agent"))],
  [
    "the cluster agent's ConfigMap",
    async () => pathOf("configmaps", await configMapOf("deployments", "km-agent-cluster")),
  ],
];

/** Fields that Kubernetes lets nobody change, the operator included. */
const IMMUTABLE =
  /^(spec\.selector|immutable$|data\.|spec\.template\.metadata\.labels\.app\.kubernetes\.io\/(name|instance|component)$|spec\.template\.spec\.containers\[km-agent\]$)/;

describe("drift", () => {
  test.each(OBJECTS)("every field that the operator owns in %s is repaired at once", async (what, find) => {
    const path = await find();
    const before = await api.get(path);
    const owned = ownedFieldsOf(before, "kmagent-operator");
    expect(owned.length).toBeGreaterThan(5);
    const tookMs: number[] = [];
    const refused: string[] = [];
    const same: string[] = [];
    for (const field of owned) {
      const live = await api.get(path);
      const wanted = at(live, field.steps);
      let outcome: "changed" | "refused" | "same" = "same";
      for (const change of changesOf(live, field)) {
        try {
          const answer = await api.patch(path, change);
          outcome = isDeepStrictEqual(at(answer, field.steps), wanted) ? "same" : "changed";
        } catch (error) {
          if ((error as { code?: unknown }).code !== "Invalid") throw error;
          outcome = "refused";
        }
        if (outcome === "changed") break;
      }
      if (outcome !== "changed") {
        (outcome === "refused" ? refused : same).push(field.name);
        continue;
      }
      const began = performance.now();
      await eventually(
        `${field.name} of ${what} as it was`,
        async () => (isDeepStrictEqual(at(await api.get(path), field.steps), wanted) ? true : undefined),
        { withinMs: WITHIN_MS, everyMs: 20 },
      );
      tookMs.push(performance.now() - began);
    }
    report("drift", {
      object: what,
      owned: owned.length,
      changed: tookMs.length,
      refused,
      same,
      medianMs: Math.round(tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? 0),
      maxMs: Math.round(Math.max(...tookMs)),
    });
    expect(refused.filter((name) => !IMMUTABLE.test(name))).toEqual([]);
    expect(same).toEqual([]);
    const after = await api.get(path);
    expect(essence(after)).toEqual(essence(before));
  });

  test("a part of one of several kinds that was made another kind is repaired at once, and nothing of that is left", async () => {
    const path = pathOf("daemonsets", "km-agent");
    const before = await present("daemonsets", "km-agent");
    const spec = podSpecOf(before);
    const env = spec.containers[0].env.findIndex(({ valueFrom }) => valueFrom?.secretKeyRef);
    const volume = spec.volumes.findIndex(({ configMap }) => configMap);
    const pod = "/spec/template/spec";
    const container = `${pod}/containers/0`;
    const CHANGES: readonly (readonly [what: string, PatchOperation[]])[] = [
      [
        "the key's variable as a plain value",
        [
          {
            op: "replace",
            path: `${container}/env/${env}`,
            value: { name: spec.containers[0].env[env]?.name, value: "x" },
          },
        ],
      ],
      [
        "the configuration's volume as an empty directory",
        [
          {
            op: "replace",
            path: `${pod}/volumes/${volume}`,
            value: { name: spec.volumes[volume]?.name, emptyDir: {} },
          },
        ],
      ],
      [
        "a probe by a command",
        [{ op: "replace", path: `${container}/readinessProbe`, value: { exec: { command: ["true"] } } }],
      ],
    ];
    for (const [what, change] of CHANGES) {
      await api.patch(path, change);
      const began = performance.now();
      await eventually(
        `${what} is as it was`,
        async () => (isDeepStrictEqual(essence(await api.get(path)), essence(before)) ? true : undefined),
        { withinMs: WITHIN_MS, everyMs: 20 },
      );
      report("drift", { object: "the DaemonSet", what, repairedMs: Math.round(performance.now() - began) });
    }
    expect(conditionOf(await operator.kmagent(), "Stalled")).toBeUndefined();
  });

  test("what others add stays: labels, annotations, and fields that the operator doesn't own", async () => {
    for (const [, find] of OBJECTS) {
      const path = await find();
      const templated = !path.includes("/configmaps/");
      const before = await api.get(path);
      const foreign = [
        { op: "add", path: "/metadata/labels/example.com~1team", value: "sre" },
        {
          op: "add",
          path: "/metadata/annotations",
          value: { ...before?.metadata.annotations, "example.com/note": "x" },
        },
        ...(templated
          ? ([
              { op: "add", path: "/spec/template/metadata/labels/example.com~1zone", value: "a" },
              { op: "replace", path: "/spec/template/spec/schedulerName", value: "somebodys-scheduler" },
            ] as const)
          : []),
      ] as const;
      const answer = await api.patch(path, foreign);
      // A change that the operator does set back shows that it has looked at the object since.
      await api.patch(path, [{ op: "replace", path: "/metadata/labels/app.kubernetes.io~1component", value: "x" }]);
      const after = await eventually(
        `the repaired label of ${path}`,
        async () => {
          const live = await api.get(path);
          return live?.metadata.labels?.["app.kubernetes.io/component"] === "x" ? undefined : live;
        },
        { withinMs: WITHIN_MS, everyMs: 20 },
      );
      expect(essence(after)).toEqual(essence(answer));
    }
  });

  test("a variable that somebody adds to a container stays, and the status tells of it", async () => {
    const path = pathOf("daemonsets", "km-agent");
    const live = await api.get(path);
    const env = [{ field: "spec" }, { field: "template" }, { field: "spec" }, { field: "containers" }] as const;
    const last = (at(live, env) as { env: unknown[] }[])[0]?.env.length ?? 0;
    const place = `/spec/template/spec/containers/0/env/${last}`;
    await api.patch(path, [{ op: "add", path: place, value: { name: "THEIRS", value: "x" } }]);
    const told = await untilKmAgent(
      operator,
      "the status tells of it",
      (seen) => conditionOf(seen, "RolloutComplete")?.reason === "FieldOverridden",
      WITHIN_MS,
    );
    expect(conditionOf(told, "RolloutComplete")?.message).toContain("env[THEIRS]");
    await api.patch(path, [{ op: "remove", path: place }]);
    await untilKmAgent(
      operator,
      "the status is quiet again",
      (seen) => conditionOf(seen, "RolloutComplete")?.reason !== "FieldOverridden",
      WITHIN_MS,
    );
  });

  test("repairs are told of by an event with path and value", async () => {
    const events = await eventually(
      "an event",
      async () => {
        const fieldSelector = "reason=DriftRepaired";
        const found = await api.list<{ message: string; reason: string }>(resourcePath(EVENTS, NAMESPACE), {
          fieldSelector,
        });
        return found.length > 0 ? found : undefined;
      },
      { withinMs: WITHIN_MS },
    );
    expect(events[0]?.message).toMatch(/^(DaemonSet|Deployment|ConfigMap) km-agent\S*: \S+ was .+, is .+ again/);
  });

  test("deleted objects return", async () => {
    const paths = await Promise.all(OBJECTS.map(([, find]) => find()));
    const before = new Map<string, KubernetesObject | undefined>();
    for (const path of paths) before.set(path, await api.get(path));
    const began = performance.now();
    await world.kubectl([
      "delete",
      "daemonset,deployment,configmap",
      "-n",
      NAMESPACE,
      "-l",
      "app.kubernetes.io/name=km-agent",
    ]);
    for (const [path, old] of before) {
      const back = await eventually(
        `${path} again`,
        async () => {
          const found = await api.get(path);
          return found && found.metadata.uid !== old?.metadata.uid ? found : undefined;
        },
        { withinMs: WITHIN_MS, everyMs: 50 },
      );
      expect(ownedFieldsOf(back, "kmagent-operator").map(({ name }) => name)).toEqual(
        ownedFieldsOf(old, "kmagent-operator").map(({ name }) => name),
      );
    }
    report("drift", { deletedAreBackMs: Math.round(performance.now() - began) });
  });

  test("five repairs of a field in ten minutes end the fight: it's left and told of, until the spec changes", async () => {
    const path = pathOf("daemonsets", "km-agent");
    const field = "spec.template.spec.terminationGracePeriodSeconds";
    const grace = (object: KubernetesObject | undefined) =>
      (object as { spec?: { template: { spec: { terminationGracePeriodSeconds: number } } } } | undefined)?.spec
        ?.template.spec.terminationGracePeriodSeconds;
    await applyNowhere({
      nodeAgent: { image: world.images.collector, nodeSelector: NOWHERE, terminationGracePeriodSeconds: 7 },
    });
    await eventually("the wanted value", async () => (grace(await api.get(path)) === 7 ? true : undefined), {
      withinMs: WITHIN_MS,
    });
    const began = new Date();
    const stubborn = [{ op: "replace", path: `/${field.replaceAll(".", "/")}`, value: 55 }] as const;
    let told = conditionOf(undefined, "RolloutComplete");
    await eventually(
      "the operator gives in",
      async () => {
        if (grace(await api.get(path)) !== 55) await api.patch(path, stubborn);
        told = conditionOf(await operator.kmagent(), "RolloutComplete");
        return told?.reason === "FieldOverridden" ? true : undefined;
      },
      { withinMs: 60_000, everyMs: 100 },
    );
    expect(told?.status).toBe("True");
    expect(told?.message).toContain(`${field} is 55`);
    const writes = (await operatorWrites(world, NAMESPACE, began)).filter(
      ({ object }) => object === "daemonsets/km-agent",
    );
    expect(writes.map(({ code }) => code)).toEqual([200, 200, 200, 200, 200]);
    expect(grace(await api.get(path))).toBe(55);
    await applyNowhere({
      nodeAgent: { image: world.images.collector, nodeSelector: NOWHERE, terminationGracePeriodSeconds: 9 },
    });
    await eventually("the new value", async () => (grace(await api.get(path)) === 9 ? true : undefined), {
      withinMs: WITHIN_MS,
    });
  });
});

describe("somebody else's object of the same name", () => {
  const labels = { app: "somebodys" };
  const template = {
    metadata: { labels },
    spec: { nodeSelector: NOWHERE, containers: [{ name: "c", image: "registry.example.com/none:1" }] },
  };
  const FOREIGN = [
    ["daemonset", "daemonsets", "taken", { selector: { matchLabels: labels }, template }],
    ["deployment", "deployments", "taken-cluster", { selector: { matchLabels: labels }, replicas: 0, template }],
  ] as const;

  /** The object as it is once its own controller has seen it. */
  async function settled(plural: "daemonsets" | "deployments", name: string): Promise<KubernetesObject> {
    return await eventually(
      `${name} is seen by its controller`,
      async () => {
        const found = await api.get(pathOf(plural, name));
        const seen = (found?.["status"] as { observedGeneration?: number } | undefined)?.observedGeneration;
        return found && seen === found.metadata.generation ? found : undefined;
      },
      { withinMs: WITHIN_MS },
    );
  }

  test("a DaemonSet and a Deployment are never touched; the condition tells the command that frees the name", async () => {
    const began = new Date();
    for (const [kind, , name, spec] of FOREIGN) {
      const capital = kind === "daemonset" ? "DaemonSet" : "Deployment";
      await world.kubectl.apply({
        apiVersion: "apps/v1",
        kind: capital,
        metadata: { name, namespace: NAMESPACE },
        spec,
      });
    }
    const before = [await settled("daemonsets", "taken"), await settled("deployments", "taken-cluster")];
    await applyNowhere({ rollout: { strategy: "Staged" } }, "taken");
    for (const [at, [kind, plural, name]] of FOREIGN.entries()) {
      const command = `kubectl -n ${NAMESPACE} delete ${kind} ${name}`;
      const kmagent = await eventually(
        `the conflict over ${kind} ${name}`,
        async () => {
          const found = await operator.kmagent("taken");
          const told = conditionOf(found, "Stalled");
          if (told?.message.endsWith(command) !== true) throw new Error(JSON.stringify(found?.status));
          return found;
        },
        { withinMs: 60_000 },
      );
      expect(conditionOf(kmagent, "Stalled")).toMatchObject({ status: "True", reason: "NameConflict" });
      expect(conditionOf(kmagent, "Ready")).toMatchObject({ status: "False", reason: "NameConflict" });
      expect((await api.get(pathOf(plural, name)))?.metadata.resourceVersion).toBe(
        before[at]?.metadata.resourceVersion,
      );
      const writes = await operatorWrites(world, NAMESPACE, began);
      expect(writes.filter(({ object }) => object === `${plural}/${name}`)).toEqual([]);
      // The command, as the condition says it.
      await world.kubectl(command.split(" ").slice(1));
      const ours = await present(plural, name, before[at]?.metadata.uid);
      expect(ownedFieldsOf(ours, "kmagent-operator").length).toBeGreaterThan(5);
    }
    await eventually(
      "nothing is stalled",
      async () => (conditionOf(await operator.kmagent("taken"), "Stalled") ? undefined : true),
      { withinMs: 60_000 },
    );
    await world.kubectl(["delete", "kmagent", "taken", "-n", NAMESPACE]);
  });

  test("a ConfigMap is never touched, whoever's labels it carries", async () => {
    await applyNowhere();
    const wanted = await eventually(
      "the ConfigMap of the revision in force",
      async () => {
        const seen = await operator.kmagent();
        // Until the newest spec was judged, status and DaemonSet agree on the revision before.
        if (seen?.status?.observedGeneration !== seen?.metadata.generation) return undefined;
        const name = await configMapOf("daemonsets", "km-agent");
        const revision = seen?.status?.config?.revision;
        return revision !== undefined && name.endsWith(revision) ? name : undefined;
      },
      { withinMs: WITHIN_MS },
    );
    await applyNowhere({ paused: true });
    await untilKmAgent(operator, "the pause", (seen) => conditionOf(seen, "Paused") !== undefined, WITHIN_MS);
    await world.kubectl(["delete", "configmap", wanted, "-n", NAMESPACE]);
    await world.kubectl.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: wanted,
        namespace: NAMESPACE,
        labels: { "app.kubernetes.io/name": "km-agent", "app.kubernetes.io/instance": "somebody" },
      },
      data: { mine: "yes" },
    });
    const before = await api.get(pathOf("configmaps", wanted));
    await applyNowhere();
    await operator.waitFor("Stalled", "True", 60_000);
    const stalled = conditionOf(await operator.kmagent(), "Stalled");
    expect(stalled?.reason).toBe("NameConflict");
    expect(stalled?.message).toContain(`kubectl -n ${NAMESPACE} delete configmap ${wanted}`);
    const after = await api.get(pathOf("configmaps", wanted));
    expect(after?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
    expect(after?.["data"]).toEqual({ mine: "yes" });
  });
});
