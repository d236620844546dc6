import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { EVENTS, PODS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import { report } from "../installation/report.ts";
import { conditionOf, enterWorld, install, testSpec, untilKmAgent } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";

/*
 * What the platform sends, from its answer to the nodes and back: applied, refused, kept over a restart of the operator, and
 * told to the platform.
 */

const NAMESPACE = "remote-config";

let world: World;
let operator: Installation;

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: NAMESPACE, release: "kmagent-operator", values: { logLevel: "debug" } });
  // The very first check-in brings one that no collector takes.
  await send(refusedAtStart("1s"));
  await applySpec();
  await operator.waitFor("PlatformConnected", "True", 120_000);
}, 300_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

async function applySpec(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const { platform } = testSpec(world.images, operator.platform);
  await operator.applyKmAgent({
    platform: { ...platform, remoteConfig: { minInterval: "0s" } },
    nodeAgent: nodeAgent(),
    health: { interval: "2s", startupGrace: "0s" },
    rollout: { bakeTime: "0s", maxUnavailable: "100%" },
    ...spec,
  });
}

const nodeAgent = () => ({ image: world.images.collector, terminationGracePeriodSeconds: 1 });

type Document = Readonly<Record<string, unknown>>;

const RECEIVERS = { hostmetrics: { collection_interval: "2s", scrapers: { load: {}, memory: {} } } };

/** A configuration that the stock collector runs; `timeout` tells one from the other. */
function good(timeout: string, more: Document = {}): Document {
  return {
    receivers: RECEIVERS,
    processors: { batch: { timeout, send_batch_size: 8192 } },
    exporters: {
      otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } },
    },
    service: { pipelines: { metrics: { receivers: ["hostmetrics"], processors: ["batch"], exporters: ["otlphttp"] } } },
    ...more,
  };
}

/** The same with a function that no collector knows, which the guard can't tell. */
function refusedAtStart(timeout: string): Document {
  const pipeline = { receivers: ["hostmetrics"], processors: ["batch", "transform"], exporters: ["otlphttp"] };
  const processors = {
    batch: { timeout, send_batch_size: 8192 },
    transform: { metric_statements: ['set(resource.attributes["a"], NoSuchFunction())'] },
  };
  return good(timeout, { processors, service: { pipelines: { metrics: pipeline } } });
}

async function send(document: Document | null, hostname = "test-cluster"): Promise<void> {
  const body = { restart_required: true, config: document && { daemonset_config: document, deployment_config: null } };
  await operator.platform.tell({ hostname, kind: "config", body });
}

/** UIDs of the node agents, those that are on their way out left aside. */
async function agents(): Promise<readonly string[]> {
  const labelSelector = "app.kubernetes.io/component=node-agent";
  return (await world.api.list(resourcePath(PODS, NAMESPACE), { labelSelector }))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.uid)
    .toSorted();
}

/** The ConfigMap of a revision, as YAML. */
async function textOf(revision: string | undefined): Promise<string> {
  const name = `configmap/km-agent-node-agent-${String(revision)}`;
  return (await world.kubectl(["get", name, "-n", NAMESPACE, "-o", "yaml"])).stdout;
}

interface LastRemote {
  readonly hash?: string;
  readonly verdict?: string;
  readonly rule?: string;
  readonly path?: string;
}

const lastRemote = (kmagent: KmAgentObject | undefined): LastRemote =>
  (kmagent?.status?.config as { lastRemote?: LastRemote } | undefined)?.lastRemote ?? {};

const until = (what: string, holds: (kmagent: KmAgentObject) => boolean, withinMs = 60_000) =>
  untilKmAgent(operator, what, holds, withinMs);

/** Said to be taken back, whatever was rolled out since. */
const isBack = (kmagent: KmAgentObject) =>
  conditionOf(kmagent, "RemoteConfigApplied")?.reason === "RolledBack" && lastRemote(kmagent).verdict === "RolledBack";

const isOver = ({ status }: KmAgentObject) => status?.rollout?.phase === "RolledBack";

const isApplied = (kmagent: KmAgentObject) => conditionOf(kmagent, "RemoteConfigApplied")?.reason === "Applied";

/** Everything that check-ins have said in words. */
async function told(): Promise<readonly string[]> {
  const texts = (await operator.platform.records()).map(({ payload }) => {
    const { platform, last_error_message: text } = payload as { platform?: string; last_error_message?: string };
    return platform === "k8s" ? (text ?? "") : "";
  });
  return [...new Set(texts)];
}

async function checkIns(): Promise<number> {
  return (await operator.platform.row("test-cluster"))?.count ?? 0;
}

/** Waits for so many more check-ins, which is as long as it takes for answers to have been heeded. */
async function afterCheckIns(more: number): Promise<void> {
  const before = await checkIns();
  await eventually(`${more} check-ins`, async () => ((await checkIns()) >= before + more ? true : undefined), {
    withinMs: 60_000,
  });
}

describe("a configuration that the platform sends", () => {
  test("with the first check-in waits for the installation, is tried on a canary and taken back", async () => {
    const kmagent = await until("it is rolled back", (seen) => isBack(seen) && isOver(seen), 180_000);
    expect(kmagent.status?.config?.source).toBe("Default");
    expect(conditionOf(kmagent, "RemoteConfigApplied")?.message).toMatch(/NoSuchFunction/);
    expect(kmagent.status?.rollout).toMatchObject({ rejected: [{ nodes: [expect.any(String)] }] });
    await until("every agent is healthy", ({ status }) => status?.nodes?.["healthy"] === 3);
  }, 400_000);

  test("is applied on every node, shown and told upstream", async () => {
    const before = await agents();
    const began = performance.now();
    await send(good("2s"));
    const kmagent = await until("it is in force", isApplied, 180_000);
    report("remote-config", { what: "sent to in force on all nodes", seconds: (performance.now() - began) / 1_000 });
    expect(kmagent.status?.config?.source).toBe("Remote");
    expect(lastRemote(kmagent).verdict).toBe("Accepted");
    const now = await agents();
    expect(now.filter((uid) => before.includes(uid))).toEqual([]);
    const held = await world.kubectl.get<{ data: Record<string, string> }>([
      "configmap",
      "km-agent-node-agent-remote",
      "-n",
      NAMESPACE,
    ]);
    expect(held?.data["accepted.yaml"]).toContain('timeout: "2s"');
    await eventually(
      "the platform knows it",
      async () => ((await told()).some((text) => text.includes("is in force on 3 of 3 nodes")) ? true : undefined),
      { withinMs: 30_000 },
    );
    const pod = "app.kubernetes.io/name=kmagent-operator";
    const { stdout } = await world.kubectl(["logs", "-n", NAMESPACE, "-l", pod, "--tail=-1"]);
    for (const message of ["configuration changed, restarting collector", "collector restarted successfully"]) {
      expect(stdout).toMatch(new RegExp(`"level":"info".*"msg":"${message}"`));
    }
  }, 300_000);

  test("moves nothing when it is sent again and again", async () => {
    const before = await agents();
    await afterCheckIns(2);
    expect(await agents()).toEqual(before);
  }, 60_000);

  const BAD: readonly {
    readonly name: string;
    readonly behaviour: object;
    readonly rule: RegExp;
    readonly path: string;
  }[] = [
    ...(
      [
        ["an unknown component", good("3s", { receivers: { nosuch: {} } }), /components/, "receivers.nosuch"],
        [
          "a setting of a wrong type",
          good("3s", { processors: { batch: { timeout: "2s", send_batch_size: "many" } } }),
          /./,
          "processors.batch.send_batch_size",
        ],
        [
          "an exporter to a foreign host",
          good("3s", { exporters: { otlphttp: { endpoint: "https://thief.example:4318" } } }),
          /./,
          "exporters.otlphttp.endpoint",
        ],
        [
          "an exporter to a link-local address",
          good("3s", { exporters: { otlphttp: { endpoint: "http://169.254.169.254/" } } }),
          /./,
          "exporters.otlphttp.endpoint",
        ],
        [
          "an environment variable that isn't ours",
          good("3s", { processors: { batch: { timeout: "${env:HOME}" } } }),
          /./,
          "processors.batch.timeout",
        ],
        [
          "a file of the node",
          good("3s", { receivers: { ...RECEIVERS, filelog: { include: ["/etc/shadow"] } } }),
          /./,
          "receivers.filelog.include[0]",
        ],
        [
          "a new listener",
          good("3s", { receivers: { ...RECEIVERS, otlp: { protocols: { http: { endpoint: "0.0.0.0:9999" } } } } }),
          /./,
          "receivers.otlp.protocols.http.endpoint",
        ],
        ["a text where a map belongs", "receivers: {}", /^json$/, ""],
      ] as const
    ).map(([name, document, rule, path]) => ({
      name,
      rule,
      path,
      behaviour: {
        kind: "config",
        body: { restart_required: true, config: { daemonset_config: document, deployment_config: null } },
      },
    })),
    { name: "five megabytes", behaviour: { kind: "huge", megabytes: 5 }, rule: /^size$/, path: "" },
  ];

  test.each(BAD)(
    "is refused where it has $name, and moves nothing",
    async ({ behaviour, rule, path }) => {
      const [before, last] = [await agents(), lastRemote(await operator.kmagent()).hash];
      await operator.platform.tell({ hostname: "test-cluster", ...behaviour });
      const kmagent = await until("it is refused", (seen) => {
        const now = lastRemote(seen);
        const isNew = now.verdict === "Refused" && now.hash !== last;
        return isNew && (now.path ?? "") === path && rule.test(now.rule ?? "");
      });
      expect(conditionOf(kmagent, "RemoteConfigApplied")).toMatchObject({ status: "False", reason: "Refused" });
      expect(kmagent.status?.config?.source).toBe("Remote");
      expect(await agents()).toEqual(before);
      const { hash = "?", rule: named = "?" } = lastRemote(kmagent);
      await eventually(
        "the platform and an event say so",
        async () => {
          const list = await world.api.list<{ reason: string; message: string }>(resourcePath(EVENTS, NAMESPACE));
          const event = list.find(
            ({ reason, message }) =>
              reason === "RemoteConfigRefused" && message.includes(hash) && message.includes(path),
          );
          const upstream = (await told()).find((text) => text.includes(hash) && text.includes(`rule ${named}`));
          if (!event || !upstream?.includes(path)) throw new Error(JSON.stringify({ event, upstream }));
          return true;
        },
        { withinMs: 30_000 },
      );
    },
    120_000,
  );

  test("that was accepted outlives the operator, and what was refused isn't judged again", async () => {
    await operator.platform.tell([]);
    await afterCheckIns(1);
    const [before, kmagent] = [await agents(), await operator.kmagent()];
    const pod = "app.kubernetes.io/name=kmagent-operator";
    await world.kubectl(["delete", "pod", "-n", NAMESPACE, "-l", pod, "--wait", "--timeout=60s"]);
    const refused = good("3s", { receivers: { nosuch: {} } });
    await send(refused);
    await world.kubectl(["rollout", "status", "-n", NAMESPACE, `deployment/kmagent-operator`, "--timeout=90s"]);
    const after = await until("the refused one is known", (seen) => lastRemote(seen).path === "receivers.nosuch");
    expect(after.status?.config).toMatchObject({ source: "Remote", revision: kmagent?.status?.config?.revision });
    expect(await agents()).toEqual(before);
    const { stdout } = await world.kubectl(["logs", "-n", NAMESPACE, "-l", pod, "--tail=-1"]);
    expect(stdout).not.toContain("configuration refused");
    expect(stdout).toContain("no configuration change detected");
  }, 150_000);

  test("yields to the spec's own, and counts again once that is gone", async () => {
    const inline = [
      "receivers: { hostmetrics: { collection_interval: 2s, scrapers: { load: {} } } }",
      "exporters: { otlphttp: { endpoint: '${env:KM_COLLECTOR_ENDPOINT}', headers: { Authorization: '${env:KM_API_KEY}' } } }",
      "service: { pipelines: { metrics: { receivers: [hostmetrics], exporters: [otlphttp] } } }",
    ].join("\n");
    await send(good("4s"));
    await applySpec({ config: { nodeAgent: { inline } } });
    const overridden = await until(
      "the spec's is in force",
      (seen) =>
        conditionOf(seen, "RemoteConfigApplied")?.reason === "OverriddenBySpec" &&
        seen.status?.config?.source === "Spec" &&
        seen.status.rollout?.phase === "Complete",
      180_000,
    );
    expect(conditionOf(overridden, "RemoteConfigApplied")?.status).toBe("False");
    expect(await textOf(overridden.status?.rollout?.target)).not.toMatch(/timeout: "?[24]s/);
    await applySpec({ config: {} });
    const again = await until(
      "the platform's is in force",
      (seen) =>
        seen.status?.config?.source === "Remote" && isApplied(seen) && seen.status.rollout?.phase === "Complete",
      180_000,
    );
    // The one that came meanwhile, not the one before.
    expect(await textOf(again.status?.rollout?.target)).toMatch(/timeout: "?4s/);
    expect(lastRemote(again).verdict).toBe("Accepted");
  }, 400_000);

  test("that the collector refuses at its start is rolled back, and the next change of the spec completes without it", async () => {
    await operator.platform.tell([]);
    await afterCheckIns(1);
    const { config } = (await until("the last good one is in force", isApplied, 180_000)).status ?? {};
    const began = performance.now();
    await send(refusedAtStart("5s"));
    const back = await until("it is rolled back", (seen) => isBack(seen) && isOver(seen), 180_000);
    report("remote-config", { what: "sent to rolled back", seconds: (performance.now() - began) / 1_000 });
    expect(conditionOf(back, "RemoteConfigApplied")?.message).toMatch(/NoSuchFunction/);
    expect(back.status?.config).toMatchObject({ source: "Remote", revision: config?.revision });
    expect(conditionOf(back, "Ready")).toMatchObject({ status: "False", reason: "RolledBack" });

    await applySpec({ nodeAgent: { ...nodeAgent(), resources: { limits: { memory: "300Mi" } } } });
    const done = await until(
      "the change is everywhere",
      (seen) =>
        seen.status?.rollout?.phase === "Complete" &&
        seen.status.rollout.target !== config?.revision &&
        conditionOf(seen, "Ready")?.status === "True",
      180_000,
    );
    expect(isBack(done)).toBe(true);
    expect(conditionOf(done, "RemoteConfigApplied")?.message).toMatch(/NoSuchFunction/);
    const inForce = await textOf(done.status?.rollout?.target);
    expect(inForce).toContain("4s");
    expect(inForce).not.toContain("NoSuchFunction");
    const { stdout: held } = await world.kubectl([
      "get",
      "configmap/km-agent-node-agent-remote",
      ...["-n", NAMESPACE, "-o", "jsonpath={.data.rolled-back\\.yaml}"],
    ]);
    expect(held).toContain("NoSuchFunction");

    const [pods, hash] = [await agents(), lastRemote(done).hash ?? ""];
    await afterCheckIns(2);
    expect(await agents()).toEqual(pods);
    await world.kubectl(["annotate", "kmagent", "km-agent", "-n", NAMESPACE, `kloudmate.com/retry=${hash}`]);
    await until("it is tried again", (seen) => seen.status?.rollout?.phase === "Canary");
    await until("it is rolled back again", (seen) => isBack(seen) && isOver(seen), 180_000);
    await world.kubectl(["annotate", "kmagent", "km-agent", "-n", NAMESPACE, "kloudmate.com/retry-"]);

    await send(good("6s"));
    await until("a good one is in force after it", isApplied, 180_000);
  }, 600_000);

  test("with nothing but a wish for a restart restarts every agent once", async () => {
    await operator.platform.tell([]);
    await afterCheckIns(1);
    await operator.waitHealthy(180_000);
    const before = await agents();
    await send(null);
    await eventually(
      "every agent is another one",
      async () => {
        const now = await agents();
        return now.length === before.length && !now.some((uid) => before.includes(uid)) ? true : undefined;
      },
      { withinMs: 180_000 },
    );
    await operator.waitHealthy(180_000);
    const after = await agents();
    await afterCheckIns(2);
    expect(await agents()).toEqual(after);
  }, 500_000);
});
