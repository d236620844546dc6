import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { rolloutOf } from "../faults/agents.ts";
import { markedConfiguration } from "../faults/marked-configuration.ts";
import type { Flaw } from "../faults/marked-configuration.ts";
import { seeded } from "../faults/random.ts";
import { watchObjects } from "../faults/watch.ts";
import type { Watch } from "../faults/watch.ts";
import type { KubernetesObject } from "../installation/kubectl.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, SOAK, testSpec, untilKmAgent } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";
import { podDeletions } from "../installation/writes.ts";
import { downAfterEach, livesByNode, needlessOf, trials } from "../rollout/pod-history.ts";
import type { SeenPod } from "../rollout/pod-history.ts";

/*
 * Ten configurations in a row, good and bad, from the platform and from the spec, at random moments: most come while the one
 * before is still on its way.
 */

const NAMESPACE = "many-configurations";
const ROUNDS = SOAK ? 8 : 1;
const SEED = Number(process.env["SEED"] ?? 20_261_128);
const BAKE_MS = 1_000;
/** The longest time between two of them, milliseconds: about as long as half a rollout takes. */
const MOMENTS_MS = 10_000;

interface Sent {
  readonly from: "platform" | "spec";
  readonly mark: string;
  readonly flaw?: Flaw;
}

let world: World;
let operator: Installation;
let pods: Watch<SeenPod>;
let kmagents: Watch<KmAgentObject>;
let configMaps: Watch<KubernetesObject>;
let began: Date;
/** Whether the spec gives a configuration, which goes before the platform's. */
let specGives = false;
let count = 0;

const random = seeded(SEED);

beforeAll(async () => {
  world = await enterWorld(ROUNDS * 900_000 + 600_000);
  began = new Date();
  operator = await install(world, { namespace: NAMESPACE, release: "kmagent-operator" });
  const watch = <T>(...args: string[]) =>
    watchObjects<T>(world.kubectl, world.cluster.kubeconfigPath, [...args, "-n", NAMESPACE]);
  pods = watch("pods", "-l", "app.kubernetes.io/component=node-agent");
  configMaps = watch("configmaps", "-l", "kloudmate.com/revision");
  await applySpec(null);
  await operator.waitHealthy(180_000);
  await operator.waitFor("PlatformConnected", "True", 60_000);
  // From here on, for a first installation tries nothing.
  kmagents = watch("kmagent");
}, 400_000);

afterAll(async () => {
  for (const watch of [pods, kmagents, configMaps]) await watch.stop();
  expect(await operator.leave()).toEqual([]);
}, 240_000);

async function applySpec(configuration: object | null): Promise<void> {
  const { platform } = testSpec(world.images, operator.platform);
  await operator.applyKmAgent({
    platform: { ...platform, remoteConfig: { minInterval: "0s" } },
    health: { interval: "2s", timeout: "2s", startupGrace: "5s" },
    nodeAgent: { image: world.images.collector, terminationGracePeriodSeconds: 1 },
    clusterAgent: { enabled: false },
    rollout: { bakeTime: `${BAKE_MS}ms`, progressDeadline: "3m", maxUnavailable: 1 },
    config: configuration === null ? {} : { nodeAgent: { inline: JSON.stringify(configuration) } },
  });
  specGives = configuration !== null;
}

async function send(from: Sent["from"], flaw?: Flaw): Promise<Sent> {
  const mark = `mark-${String(++count).padStart(3, "0")}`;
  const configuration = markedConfiguration(mark, flaw);
  if (from === "spec") await applySpec(configuration);
  else {
    const before = heard(await operator.kmagent());
    const body = { restart_required: true, config: { daemonset_config: configuration, deployment_config: null } };
    await operator.platform.tell({ hostname: "test-cluster", kind: "config", body });
    await untilKmAgent(operator, "it has heard the platform", (kmagent) => heard(kmagent) !== before, 60_000);
    // The spec's would go before it. What is refused is no reason to take it away.
    if (specGives && flaw !== "refused") await applySpec(null);
  }
  report("many-configurations", { seed: SEED, from, mark, flaw: flaw ?? "none" });
  return { from, mark, ...(flaw && { flaw }) };
}

const heard = (kmagent: KmAgentObject | undefined): string =>
  (kmagent?.status?.config as { lastRemote?: { hash?: string } } | undefined)?.lastRemote?.hash ?? "";

const anySource = (): Sent["from"] => (random() < 0.5 ? "platform" : "spec");

function anyFlaw(): Flaw | undefined {
  const dice = random();
  return dice < 0.2 ? "refused" : dice < 0.45 ? "fatal" : undefined;
}

async function atSomeMoment(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, random() * MOMENTS_MS));
}

/** The revision of what was sent, by the ConfigMap that holds it; undefined where none was ever made. */
function revisionOf({ mark }: Sent): string | undefined {
  const holding = configMaps.seen.find(({ object }) => JSON.stringify(object["data"] ?? {}).includes(mark));
  return holding?.object.metadata.labels?.["kloudmate.com/revision"];
}

function isTarget(sent: Sent, kmagent: KmAgentObject): boolean {
  const revision = revisionOf(sent);
  return revision !== undefined && rolloutOf(kmagent).target === revision;
}

/**
 * Ten in a row; the eighth is good, and what comes after it is not. These three come from the platform: a bad one of the platform's
 * takes the spec's away, and with it what was good.
 */
async function tenInARow(): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  for (let at = 0; at < 7; at++) {
    sent.push(await send(anySource(), anyFlaw()));
    await atSomeMoment();
  }
  const lastGood = await send("platform");
  // A spec that nobody has begun with is forgotten once another takes its place.
  await untilKmAgent(operator, `${lastGood.mark} is begun with`, (seen) => isTarget(lastGood, seen), 240_000);
  await atSomeMoment();
  const refused = await send("platform", "refused");
  await untilKmAgent(
    operator,
    `${lastGood.mark} is on every node`,
    (kmagent) => rolloutOf(kmagent).phase === "Complete" && isTarget(lastGood, kmagent),
    240_000,
  );
  const fatal = await send("platform", "fatal");
  await untilKmAgent(
    operator,
    `${fatal.mark} is taken back`,
    (kmagent) => rolloutOf(kmagent).phase === "RolledBack" && isTarget(fatal, kmagent),
    240_000,
  );
  return [...sent, lastGood, refused, fatal];
}

describe("ten configurations in a row at random moments", () => {
  test.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    "end with the last good one, never two at a time, and restart no agent in vain (round %d)",
    async (round) => {
      const sent = await tenInARow();
      const lastGood = sent[7]!;
      const inForce = revisionOf(lastGood);
      const nodes = await world.cluster.nodes(world.signal);
      const isHealthy = ({ status }: KmAgentObject) => status?.nodes?.["healthy"] === nodes.length;
      const kmagent = await untilKmAgent(operator, "the nodes are healthy", isHealthy, 120_000);
      expect(rolloutOf(kmagent)).toMatchObject({ phase: "RolledBack", stable: inForce, template: inForce });
      const source = lastGood.from === "spec" ? "Spec" : "Remote";
      expect(kmagent.status?.config).toMatchObject({ source, revision: inForce });
      const lives = livesByNode(pods.seen);
      const last = Object.values(lives).map((of) => of.at(-1)?.revision);
      expect(last).toEqual(nodes.map(() => inForce));

      const templates = new Set(kmagents.seen.map(({ object }) => rolloutOf(object).template ?? ""));
      for (const each of sent) {
        const revision = revisionOf(each);
        if (each.flaw === "refused") expect({ ...each, revision }).toEqual({ ...each, revision: undefined });
        if (each.flaw !== "fatal" || revision === undefined) continue;
        const tried = Object.values(lives).flatMap((of) => of.filter((life) => life.revision === revision));
        const seen = { tried: Math.max(1, tried.length), isTemplate: templates.has(revision) };
        expect({ ...each, ...seen }).toEqual({ ...each, tried: 1, isTemplate: false });
      }

      const tried = trials(pods.seen, kmagents.seen);
      expect(tried.filter((at) => at.nodes.length > 1 || at.revisions.length > 1)).toEqual([]);
      const deletions = await podDeletions(world, NAMESPACE, began);
      expect(new Set(deletions.map(({ pod }) => pod)).size).toBe(deletions.length);
      expect(downAfterEach(pods.seen, deletions, BAKE_MS).filter((down) => down.length > 1)).toEqual([]);
      for (const [node, of] of Object.entries(lives)) {
        expect({ node, needless: needlessOf(of, templates) }).toEqual({ node, needless: [] });
        const reached = new Set(of.map(({ revision }) => revision)).size;
        report("many-configurations", { round, node, reached, pods: of.length });
      }
    },
    900_000,
  );
});
