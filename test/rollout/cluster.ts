import { rolloutStatus } from "../../src/status/rollout-status.ts";
import { stagedRollout } from "../../src/rollout/staged-rollout.ts";
import type { RolloutAct } from "../../src/rollout/acts.ts";
import { irrevocableRevisions } from "../../src/rollout/irrevocable.ts";
import { readRejected } from "../../src/rollout/record.ts";
import type { Rejection } from "../../src/rollout/record.ts";
import type { RolloutStatus } from "../../src/rollout/state.ts";
import type { RolloutNode, RolloutSettings, RolloutView } from "../../src/rollout/view.ts";

/*
 * A cluster in a few lines, for the rollout's machine: nodes with their pods, Kubernetes' DaemonSet controller, kubelet, and an
 * operator that reads caches which lag behind and dies between any two of its writes. It holds the invariants of docs/rollout.md.
 */

/** What a revision is in truth. */
export type Quality = "good" | "dead" | "mute" | "dies" | "badOnOne";

/** A node's own fault: collectors end there at once, or after they have answered for a while. */
export type Fault = "dead" | "dies";

/** Revisions by name. The first is what is installed at first. */
export const QUALITY: Readonly<Record<string, Quality>> = {
  r0: "good",
  r1: "good",
  r2: "dead",
  r3: "good",
  r4: "mute",
  r5: "dies",
  r6: "badOnOne",
  r7: "dies",
  r8: "dead",
  r9: "good",
};

/** Revisions that differ from another one by the API key alone. */
const OTHER_KEY_OF: Readonly<Record<string, string>> = { r7: "r0", r8: "r1", r9: "r3" };

/** The same with another key; the revision itself where the model has none. */
export function rotated(revision: string): string {
  const [other = revision] = Object.entries(OTHER_KEY_OF).flatMap(([one, two]) => (two === revision ? [one] : []));
  return OTHER_KEY_OF[revision] ?? other;
}

function differsByKey(one: string, other: string): boolean {
  return one !== other && (OTHER_KEY_OF[one] ?? one) === (OTHER_KEY_OF[other] ?? other);
}

export const SETTINGS: RolloutSettings = {
  canary: 1,
  bakeMs: 10_000,
  maxUnavailable: 1,
  maxFailures: 0,
  deadlineMs: 60_000,
  autoRollback: true,
  approval: "Automatic",
  maxUnhealthy: "10%",
};

interface Pod {
  readonly uid: string;
  readonly revision: string;
  readonly createdAt: number;
  readonly byOperator: boolean;
  deletingSince: number | null;
  answered: boolean;
  /** How old it was when it was healthy last. */
  lasted: number;
}

interface Node {
  readonly name: string;
  readonly architecture: string;
  ready: boolean;
  /** What every collector does there, whatever its revision; `null` on a sound node. */
  broken: Fault | null;
  pods: Pod[];
  /** Since when its agent works without interruption. */
  worksSince: number | null;
}

/** What the caches showed at one moment. */
interface Seen {
  readonly at: number;
  readonly nodes: readonly RolloutNode[];
  readonly liveTemplate: string | null;
  readonly generation: number;
  readonly observed: number;
}

/** How long a cache may lag behind, milliseconds: what is younger can't count as known. */
const LAG_MS = 20_000;
const SNAPSHOTS = 4;

export class RolloutCluster {
  now = 1_000_000;
  readonly nodes: Node[] = [];
  template: string | null = null;
  generation = 0;
  observed = 0;
  /** As it is stored. */
  status: RolloutStatus | undefined = undefined;
  noted: { stable: string; rejected: Rejection[] } = { stable: "", rejected: [] };
  wanted = "r0";
  paused = false;
  approve = "";
  retry = "";
  settings = SETTINGS;
  broken: string[] = [];
  writes = 0;

  /** What the operator's process remembers. */
  #removed = new Set<string>();
  #ownGeneration = 0;
  readonly #seen: Seen[] = [];

  /** For the invariants. */
  readonly #proved = new Set<string>();
  readonly #lasted = new Map<string, number>();
  readonly #deleted = new Set<string>();
  readonly #downByUs = new Set<string>();
  #uids = 0;

  constructor(nodes: number) {
    for (let index = 0; index < nodes; index++) this.addNode();
    this.#look();
  }

  addNode(): void {
    const index = this.#uids++;
    this.nodes.push({
      name: `n${index}`,
      architecture: index === 1 ? "arm64" : "amd64",
      ready: true,
      broken: null,
      pods: [],
      worksSince: null,
    });
    this.#look();
  }

  removeNode(index: number): void {
    this.#bake();
    const [gone] = this.nodes.splice(index, 1);
    if (gone) this.#downByUs.delete(gone.name);
    this.#look();
  }

  setReady(index: number, ready: boolean): void {
    const node = this.nodes[index];
    if (!node) return;
    this.#bake();
    node.ready = ready;
    if (!ready) this.#downByUs.delete(node.name);
    this.#look();
  }

  setBroken(index: number, broken: Fault | null): void {
    const node = this.nodes[index];
    if (!node) return;
    this.#bake();
    node.broken = broken;
    node.worksSince = null;
    // It is its own fault that keeps it down from here on.
    if (broken !== null) this.#downByUs.delete(node.name);
    this.#look();
  }

  /** Somebody deletes a node's pod by hand. */
  deletePod(index: number): void {
    const node = this.nodes[index];
    if (!node) return;
    this.#bake();
    for (const pod of node.pods) pod.deletingSince ??= this.now;
    node.worksSince = null;
    this.#downByUs.delete(node.name);
    this.#look();
  }

  tick(milliseconds: number): void {
    this.now += milliseconds;
    for (const node of this.nodes) {
      const { kind } = this.#observe(node);
      const pod = alive(node).at(-1);
      if (kind === "healthy" && pod) {
        pod.answered = true;
        node.worksSince ??= this.now;
      } else {
        node.worksSince = null;
      }
    }
    this.#bake();
    this.#look();
  }

  /** Keeps in mind how long pods have lasted, and what that proves by the settings of this moment: caches may show it yet. */
  #bake(): void {
    for (const node of this.nodes) {
      const pod = alive(node).at(-1);
      if (!pod) continue;
      if (this.#observe(node).kind === "healthy") {
        pod.lasted = this.now - pod.createdAt;
        if (!hasRestarted(pod, node, this.now)) {
          this.#lasted.set(pod.revision, Math.max(pod.lasted, this.#lasted.get(pod.revision) ?? 0));
        }
      }
      if (pod.lasted >= Math.max(this.settings.bakeMs, READY_MS)) this.#downByUs.delete(node.name);
    }
    for (const [revision, age] of this.#lasted) if (age >= this.settings.bakeMs) this.#proved.add(revision);
  }

  /** Kubernetes' controller: one pod a node, the oldest stays, and one that is being deleted counts until it is gone. */
  controller(): void {
    if (this.template === null) return;
    this.observed = this.generation;
    for (const node of this.nodes) {
      const [, ...more] = alive(node);
      for (const pod of more) pod.deletingSince = this.now;
      if (more.length > 0) node.worksSince = null;
      if (node.pods.length === 0) node.pods.push(this.#pod(this.template, false));
    }
    this.#look();
  }

  /** Kubelet: pods that were to end have ended. */
  kubelet(index: number): void {
    const node = this.nodes[index];
    if (node?.ready === true) node.pods = alive(node);
    this.#look();
  }

  /** The next leader: nothing is remembered, and caches are listed anew. */
  crash(): void {
    this.#removed = new Set();
    this.#ownGeneration = 0;
    this.#seen.length = 0;
    this.#look();
  }

  /** One pass over caches that are `lag` looks old; the process dies after `writesLeft` writes. Tells whether it wrote anything. */
  pass(lag = 0, writesLeft = Infinity): boolean {
    const newest = this.#seen.length - 1;
    const oldest = this.#seen.findIndex(({ at }) => at > this.now - LAG_MS);
    // Caches never go back in time.
    this.#seen.splice(0, oldest < 0 ? newest : Math.max(oldest, newest - lag));
    const [seen] = this.#seen;
    if (!seen) return false;
    // A bake that was shortened may be over at once.
    this.#bake();
    const view = this.#view(seen);
    const step = stagedRollout(this.status, view);
    const writes: (() => void)[] = [];
    if (step.template !== seen.liveTemplate && !this.paused) writes.push(() => this.#apply(step.template));
    for (const act of step.acts) writes.push(() => this.#act(act));
    const status = rolloutStatus(step.state, this.status, this.now);
    if (JSON.stringify(status) !== JSON.stringify(this.status)) {
      writes.push(() => {
        const before = this.status;
        this.status = status;
        this.#checkStatus(status, before);
      });
    }
    const { stable = "" } = this.status ?? {};
    const rejected = readRejected(this.status?.rejected);
    if (stable !== "" && (this.noted.stable !== stable || !isSame(this.noted.rejected, rejected))) {
      writes.push(() => {
        this.noted = { stable, rejected };
      });
    }
    this.#check(!this.paused || step.acts.length === 0, "a paused operator did something");
    for (const write of writes.slice(0, writesLeft)) {
      write();
      this.writes += 1;
    }
    if (writes.length > writesLeft) this.crash();
    this.#look();
    return writes.length > 0;
  }

  /** Whether all is as it is wished, and nothing moves. */
  pods(): Record<string, string> {
    return Object.fromEntries(this.nodes.map((node) => [node.name, alive(node)[0]?.revision ?? ""]));
  }

  get allHealthy(): boolean {
    return this.nodes.every((node) => this.#observe(node).kind === "healthy");
  }

  #apply(template: string): void {
    const first = (this.status?.stable ?? "") === "" && this.noted.stable === "";
    this.#check(first || this.#proved.has(template), `an unproved revision ${template} came into the template`);
    const before = this.template ?? "";
    const isOfUse =
      this.nodes.some((node) => this.#holds(node, before)) &&
      this.nodes.every((node) => alive(node).every(({ revision }) => revision === before));
    this.#check(
      !isOfUse || this.#proved.has(template),
      `the unproved ${template} came into the template in the place of what worked`,
    );
    this.template = template;
    this.generation += 1;
    this.#ownGeneration = this.generation;
  }

  /** Whether a node's agent has worked at a revision for so long that its bake is over and every cache knows of it. */
  #holds(node: Node, revision: string): boolean {
    const pod = alive(node).at(-1);
    if (pod?.revision !== revision || this.#observe(node).kind !== "healthy") return false;
    const proof = Math.max(this.settings.bakeMs, READY_MS) + LAG_MS;
    return (node.worksSince ?? Infinity) <= this.now - proof && pod.createdAt <= this.now - proof;
  }

  #act(act: RolloutAct): void {
    const node = this.nodes.find(({ name }) => name === act.node);
    if (act.kind === "createPod") {
      const uid = `${act.revision}-${act.after}`;
      const rejected = this.status?.rejected ?? [];
      this.#check(!rejected.some(({ revision }) => revision === act.revision), "a rejected revision was tried again");
      this.#check(this.status?.phase === "Canary", "a pod was made without a canary");
      // The name is taken, or the node is gone: refused, and no harm.
      if (node && !node.pods.some((pod) => pod.uid === uid)) node.pods.push({ ...this.#pod(act.revision, true), uid });
      return;
    }
    this.#check(
      this.status?.phase === "RollingBack" || this.retry === this.wanted || !this.#isKeyRejected(this.wanted),
      "a pod was deleted, though the next one reads a key that doesn't work",
    );
    const entry = this.status?.inFlight?.find((each) => each.node === act.node && each.podUID === act.uid);
    this.#check(entry !== undefined, "a pod was deleted that nobody had written down");
    this.#check(!this.#deleted.has(act.uid), `the pod ${act.uid} was deleted twice`);
    this.#deleted.add(act.uid);
    this.#removed.add(act.uid);
    const pod = node?.pods.find(({ uid }) => uid === act.uid);
    if (!node || !pod) return;
    const isLast = pod === alive(node).at(-1);
    // No agent works longer than its pod is there.
    const worksSince = Math.max(node.worksSince ?? Infinity, pod.createdAt);
    const worked = isLast && node.ready && worksSince <= this.now - LAG_MS;
    pod.deletingSince ??= this.now;
    node.worksSince = null;
    if (!worked || this.#downByUs.has(node.name)) return;
    this.#downByUs.add(node.name);
    const limit = Math.max(1, Number(this.settings.maxUnavailable));
    const down = this.#downByUs.size;
    this.#check(down <= limit, `${down} nodes are down by our doing, and ${limit} may be`);
  }

  #checkStatus(status: RolloutStatus, before: RolloutStatus | undefined): void {
    const { phase, target = "", stable = "", template = "" } = status;
    this.#check(stable === "" || this.#proved.has(stable), `an unproved revision ${stable} was called stable`);
    const isBegun = before?.phase !== phase || before?.target !== target;
    if (!isBegun) return;
    const isRotation = [before?.stable, before?.template].some((held = "") => differsByKey(held, target));
    const isKey = isRotation || this.#isKeyRejected(target);
    this.#check(phase !== "RollingBack" || !isKey, "what can't be taken back was rolled back");
    this.#check(phase !== "RollingBack" || this.settings.autoRollback, "something was taken back against the settings");
    const isKept = (revision: string) => this.#rejectionOf(revision) !== undefined && !this.#isKeyRejected(revision);
    this.#check(phase !== "Canary" || !isKept(template), "new pods start what failed while something else is tried");
  }

  #rejectionOf(revision: string): Rejection | undefined {
    return readRejected(this.status?.rejected).find((rejection) => rejection.revision === revision);
  }

  #isKeyRejected(revision: string): boolean {
    return this.#rejectionOf(revision)?.reason === "ApiKeyRejected";
  }

  #check(holds: boolean, otherwise: string): void {
    if (!holds && !this.broken.includes(otherwise)) this.broken.push(otherwise);
  }

  #pod(revision: string, byOperator: boolean): Pod {
    const uid = `p${this.#uids++}`;
    return { uid, revision, createdAt: this.now, byOperator, deletingSince: null, answered: false, lasted: 0 };
  }

  #look(): void {
    this.#seen.push({
      at: this.now,
      nodes: this.nodes.map((node) => this.#observe(node)),
      liveTemplate: this.template,
      generation: this.generation,
      observed: this.observed,
    });
    if (this.#seen.length > SNAPSHOTS) this.#seen.shift();
  }

  #view({ nodes, liveTemplate, generation, observed }: Seen): RolloutView {
    return {
      wanted: this.wanted,
      nodes: nodes.map((node) =>
        node.pod && this.#removed.has(node.pod.uid) && !node.pod.deleting
          ? { ...node, kind: node.kind === "healthy" ? "updating" : node.kind, pod: { ...node.pod, deleting: true } }
          : node,
      ),
      liveTemplate,
      templateSeen: observed >= generation && generation >= this.#ownGeneration,
      noted: this.noted,
      irrevocable: irrevocableRevisions(
        {
          stable: this.status?.stable ?? this.noted.stable,
          template: this.status?.template ?? liveTemplate ?? "",
          target: this.status?.target ?? this.wanted,
        },
        this.wanted,
        differsByKey,
      ),
      approve: this.approve,
      retry: this.retry,
      refused: null,
      paused: this.paused,
      settings: this.settings,
      now: this.now,
    };
  }

  #observe(node: Node): RolloutNode {
    const pod = alive(node).at(-1) ?? node.pods.at(-1);
    const common = { node: node.name, architecture: node.architecture, since: this.now, message: "words" };
    if (!pod) {
      return { ...common, kind: node.ready ? "updating" : "notReady", reason: "PodMissing", pod: null };
    }
    const { kind, reason } = !node.ready
      ? { kind: "notReady" as const, reason: "NodeNotReady" }
      : healthOf(pod, node, this.now);
    const restarts = hasRestarted(pod, node, this.now) ? 1 : 0;
    return {
      ...common,
      kind,
      reason,
      pod: {
        uid: pod.uid,
        revision: pod.revision,
        createdAt: pod.createdAt,
        startedAt: pod.createdAt,
        deleting: pod.deletingSince !== null,
        ready: kind === "healthy" && isReady(pod, this.now),
        restarts,
        lastExitAt: restarts > 0 ? pod.createdAt + DIES_MS : null,
        answered: pod.answered,
        answeredAt: kind === "healthy" ? this.now : null,
        exports: null,
        heldBack: false,
        exporters: [],
      },
    };
  }
}

function isSame(one: readonly Rejection[], other: readonly Rejection[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

const STARTS_MS = 2_000;
const DIES_MS = 7_000;
/** When kubelet's first probe calls a pod ready: sooner than a long bake ends, and later than a short one. */
const READY_MS = 6_000;
const GRACE_MS = 30_000;

function alive({ pods }: Node): Pod[] {
  return pods.filter(({ deletingSince }) => deletingSince === null);
}

/** Kubelet's word on a pod that works. */
function isReady({ createdAt }: Pod, now: number): boolean {
  return now >= createdAt + READY_MS;
}

/** What a revision does on a node. */
function qualityOn({ revision }: Pod, { name, broken }: Node): Quality {
  const quality = QUALITY[revision] ?? "dead";
  if (broken !== null) return quality === "dead" ? quality : broken;
  return quality === "badOnOne" ? (name === "n2" ? "dead" : "good") : quality;
}

function hasRestarted(pod: Pod, node: Node, now: number): boolean {
  const quality = qualityOn(pod, node);
  const age = now - pod.createdAt;
  return (quality === "dead" && age >= STARTS_MS) || (quality === "dies" && age >= DIES_MS);
}

function healthOf(pod: Pod, node: Node, now: number): Pick<RolloutNode, "kind" | "reason"> {
  if (pod.deletingSince !== null) return { kind: "updating", reason: "PodTerminating" };
  const age = now - pod.createdAt;
  if (age < STARTS_MS) return { kind: "updating", reason: "PodStarting" };
  if (hasRestarted(pod, node, now)) return { kind: "unhealthy", reason: "CollectorExited" };
  if (qualityOn(pod, node) === "mute") {
    return age < GRACE_MS ? { kind: "updating", reason: "PodStarting" } : { kind: "unhealthy", reason: "Unresponsive" };
  }
  return { kind: "healthy", reason: "Healthy" };
}
