import type { KubeClient } from "../../src/kube/client.ts";
import { eventually } from "../eventually.ts";
import { watchAgents } from "./agents.ts";
import type { Agents, Counted } from "./agents.ts";
import { median } from "./figures.ts";
import type { Figure } from "./figures.ts";
import { addNodes, DAEMONSETS_PATH, kmagentBody, KMAGENTS_PATH, letReturn, takeDown } from "./fleet.ts";
import type { PlatformEndpoints } from "./fleet.ts";
import { startOperator } from "./operator-process.ts";
import type { OperatorInstallation } from "./operator-process.ts";
import { isCanary, isComplete, isGoingBack, NAME, untilStatus, WITHIN_MS } from "./staged-status.ts";
import type { Status } from "./staged-status.ts";
import { FRAIL_TRIAL, TRIAL_LABEL } from "./stages.ts";
import { weakNodes } from "./weak-nodes.ts";
import type { Weak } from "./weak-nodes.ts";

/** Shorter than the default, for it is waited for in each wave; the time that is to be expected holds it too. */
const BAKE_SECONDS = 5;
const MAX_UNAVAILABLE = 0.1;
/** How long nodes are waited for that never worked, and that the change might have mended. */
const DEADLINE_SECONDS = 60;
/** Shorter than the defaults, so that nodes that never worked are soon known to be broken. */
const HEALTH = { interval: "10s", startupGrace: "10s" };
const GOOD_TRIAL = "good";

/** What measuring a rollout needs. */
export interface RolloutBench {
  readonly client: KubeClient;
  readonly platform: PlatformEndpoints;
  readonly installation: OperatorInstallation;
  /** How many nodes, 3 % of which are broken. */
  readonly nodes: number;
  readonly say: (line: string) => void;
}

/** A rollout under way. */
interface Staged extends RolloutBench {
  readonly weak: Weak;
  readonly agents: Agents;
  /** Nodes that work, and so can be taken down by a rollout. */
  readonly sound: ReadonlySet<string>;
  /** What `maxUnavailable` comes to. */
  readonly window: number;
}

/**
 * Installs a fleet of which 3 % are broken in one way or another, rolls a good change out while some nodes are down, lets those
 * return, and rolls a change out that more nodes don't bear than `maxFailures` allows.
 */
export async function measureRollout(bench: RolloutBench, signal: AbortSignal): Promise<Figure[]> {
  const { client, nodes, say } = bench;
  const weak = weakNodes(nodes);
  await addNodes(client, 0, nodes, signal);
  const rollout = {
    strategy: "Staged",
    bakeTime: `${BAKE_SECONDS}s`,
    maxUnavailable: `${MAX_UNAVAILABLE * 100}%`,
    progressDeadline: `${DEADLINE_SECONDS}s`,
  };
  const body = kmagentBody(NAME, bench.platform, { rollout, health: HEALTH });
  await client.request({ method: "POST", path: KMAGENTS_PATH, body }, signal);
  const agents = await watchAgents(client, signal);
  const operator = startOperator(bench.installation, "rollout");
  try {
    say(`${nodes} nodes get their first agent`);
    await untilStatus(
      bench,
      "the fleet is installed",
      ({ rollout: at }) => at?.phase === "Complete" && at.stable !== "",
      signal,
    );
    const spared = new Set([...weak.frail, ...weak.unwell, ...weak.down]);
    const sound = new Set([...agents.working().keys()].filter((node) => !spared.has(node)));
    const staged: Staged = { ...bench, weak, agents, sound, window: Math.floor(nodes * MAX_UNAVAILABLE) };
    const before = operator.cpuSeconds();
    const figures = [...(await good(staged, signal)), ...(await bad(staged, signal))];
    const cpu = { what: "CPU for both", measured: operator.cpuSeconds() - before, budget: null, unit: "s" };
    return [...figures, cpu].map((figure) => ({ ...figure, what: `rollout, ${nodes} nodes: ${figure.what}` }));
  } finally {
    await agents.stop();
    await operator.stop();
  }
}

/** A change that every node bears, while some are down. */
async function good(staged: Staged, signal: AbortSignal): Promise<Figure[]> {
  const { client, weak, agents, nodes, window, say } = staged;
  say(`${counted(weak.down)} down, ${counted(weak.unwell)} that never answered; a good change`);
  await takeDown(client, weak.down, signal);
  await untilStatus(staged, "they are seen to be down", ({ nodes: at }) => at?.notReady === weak.down.length, signal);
  const untouched = uidsOf(agents, weak.down);
  const finish = agents.count(staged.sound);
  const began = await change(staged, GOOD_TRIAL, signal);
  const hasTurned = (at: Status) => at.rollout?.target !== began.stable;
  const proved = await untilStatus(staged, "the canary is proved", (at) => hasTurned(at) && !isCanary(at), signal);
  const isEverywhere = (at: Status) =>
    hasTurned(at) &&
    (at.rollout?.inFlight ?? []).every(({ wasFailing }) => wasFailing === true) &&
    [...staged.sound].every((node) => agents.working().get(node)?.revision === at.rollout?.target);
  const everywhere = await untilStatus(staged, "the change is everywhere", isEverywhere, signal);
  const done = await untilStatus(staged, "the rollout is complete", (at) => hasTurned(at) && isComplete(at), signal);
  const { stable } = done.status.rollout ?? {};
  const skipped = weak.down.filter((node) => agents.working().get(node)?.uid !== untouched.get(node)).length;
  const behind = [...staged.sound].filter((node) => agents.working().get(node)?.revision !== stable).length;
  const result = finish();

  say(`${counted(weak.down)} back`);
  await letReturn(client, weak.down, signal);
  const returned = performance.now();
  const follows = await eventually(
    "the nodes that returned follow",
    () => (weak.down.every((node) => agents.working().get(node)?.revision === stable) ? performance.now() : undefined),
    { withinMs: WITHIN_MS },
  );
  await untilStatus(staged, "nothing is left to do", (at) => isComplete(at) && at.nodes?.notReady === 0, signal);
  return [
    seconds(
      "a good change on every node that works",
      everywhere.at - began.at,
      expectation(result, nodes, (proved.at - began.at) / 1_000),
    ),
    seconds(
      `${counted(weak.unwell)} that never worked given up after that`,
      done.at - everywhere.at,
      `progressDeadline ${DEADLINE_SECONDS} s`,
    ),
    atMostDown(result, window, "meanwhile"),
    zero(`pods replaced on ${counted(weak.down)} that were down`, skipped),
    zero("nodes that worked and don't run it in the end", behind),
    seconds(`${counted(weak.down)} that were down have it after their return`, follows - returned),
  ];
}

/** A change that more nodes don't bear than `maxFailures` allows. */
async function bad(staged: Staged, signal: AbortSignal): Promise<Figure[]> {
  const { client, weak, agents, window, say } = staged;
  say(`a change that breaks ${counted(weak.frail)}`);
  const finish = agents.count(staged.sound);
  const began = await change(staged, FRAIL_TRIAL, signal);
  const found = await untilStatus(staged, "the change is found to be bad", (at) => isGoingBack(at), signal);
  const reached = [...agents.working().values()].filter(
    ({ revision }) => revision === found.status.rollout?.target,
  ).length;
  const isBack = () =>
    [...staged.sound, ...weak.frail].every((node) => agents.working().get(node)?.revision === began.stable);
  const returned = await untilStatus(staged, "every node that works is back", isBack, signal);
  const back = await untilStatus(staged, "it is taken back", (at) => at.rollout?.phase === "RolledBack", signal);
  const { stable, rejected } = back.status.rollout ?? {};
  const { body } = await client.request({ method: "GET", path: `${DAEMONSETS_PATH}/${NAME}` }, signal);
  const template = (body as { spec: { template: { metadata: { labels: Record<string, string> } } } }).spec.template;
  const isTemplateBack = template.metadata.labels["kloudmate.com/revision"] === began.stable;
  const astray = [...agents.working().values()].filter(({ revision }) => revision !== began.stable).length;
  const note = `${rejected?.[0]?.reason ?? "no reason"}; ${reached} nodes ran it by then`;
  return [
    seconds(`a change that breaks ${counted(weak.frail)}, until it is found`, found.at - began.at, note),
    seconds("then until every node that works is back", returned.at - found.at),
    seconds(`then until ${counted(weak.unwell)} that never worked are given up`, back.at - returned.at),
    atMostDown(finish(), window, "there and back"),
    zero("nodes off the stable revision in the end", astray + (isTemplateBack && stable === began.stable ? 0 : 1)),
  ];
}

/** Labels the pods anew, which is another revision. */
async function change({ client, ...staged }: Staged, trial: string, signal: AbortSignal) {
  const { status } = await untilStatus({ client, ...staged }, "there is a stable revision", isComplete, signal);
  const body = { spec: { nodeAgent: { podLabels: { [TRIAL_LABEL]: trial } } } };
  const path = `${KMAGENTS_PATH}/${NAME}`;
  await client.request({ method: "PATCH", path, body, contentType: "application/merge-patch+json" }, signal);
  return { at: performance.now(), stable: status.rollout?.stable };
}

function uidsOf(agents: Agents, nodes: readonly string[]): ReadonlyMap<string, string | undefined> {
  return new Map(nodes.map((node) => [node, agents.working().get(node)?.uid]));
}

/** What the design lets one expect: a window of nodes after the other. */
function expectation({ starts }: Counted, nodes: number, canarySeconds: number): string {
  const start = median(starts) / 1_000;
  const expected = (1 / MAX_UNAVAILABLE) * (start + BAKE_SECONDS);
  return `${canarySeconds.toFixed(0)} of them the canary; ${nodes} / ${nodes * MAX_UNAVAILABLE} × (pod start ${start.toFixed(1)} + bakeTime ${BAKE_SECONDS}) = ${expected.toFixed(0)}`;
}

function seconds(what: string, ms: number, note?: string): Figure {
  return { what, measured: ms / 1_000, budget: null, unit: "s", ...(note !== undefined && { note }) };
}

function atMostDown({ mostWithout }: Counted, window: number, when: string): Figure {
  return { what: `working nodes without an agent at once, ${when}`, measured: mostWithout, budget: window, unit: "" };
}

function counted(nodes: readonly string[]): string {
  return nodes.length === 1 ? "1 node" : `${nodes.length} nodes`;
}

function zero(what: string, measured: number): Figure {
  return { what, measured, budget: 0, unit: "" };
}
