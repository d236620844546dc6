import { coverage } from "./coverage.ts";
import type { Coverage, NodeSelection } from "./coverage.ts";
import type {
  ContainerObservation,
  FleetObservation,
  NodeObservation,
  PodObservation,
  ProbeObservation,
} from "./observation.ts";
import type { RememberedHealth } from "./remembered.ts";
import type { HealthSettings } from "./settings.ts";

/** What is the same for every node of one pass. */
export interface HealthContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly settings: HealthSettings;
  readonly selection: NodeSelection;
  /** As in `FleetObservation`. */
  readonly refusal: FleetObservation["refusal"];
  readonly withheld: FleetObservation["withheld"];
  readonly taken: FleetObservation["taken"];
  /** The finding of `probesBlocked`: our own probes tell nothing, kubelet's word is used. */
  readonly probesBlocked: boolean;
  /** Hides the values of referenced secrets; the edge knows them. */
  readonly mask: (text: string) => string;
}

/** A container that runs. */
export type RunningContainer = Extract<ContainerObservation, { readonly state: "running" }>;

/** All that one node's judgements look at. */
export interface Subject {
  readonly node: NodeObservation;
  readonly context: HealthContext;
  readonly coverage: Coverage;
  /** What was said of the node last time. */
  readonly previous: RememberedHealth | undefined;
  readonly pod: PodObservation | null;
  /** The agent's container where it runs in a pod that isn't being deleted. */
  readonly running: RunningContainer | null;
  /** The newest probe of this very run of the container. */
  readonly probe: ProbeObservation | null;
  /** Whether that probe was answered with 200. */
  readonly answers: boolean;
}

/** Gathers what the judgements of one node look at. */
export function subjectOf(
  node: NodeObservation,
  previous: RememberedHealth | undefined,
  context: HealthContext,
): Subject {
  const { pod } = node;
  const running = runningContainer(pod);
  const probe = pod === null || running === null ? null : probeOfThisRun(node.probe, pod, running);
  return {
    node,
    context,
    coverage: coverage(node, context.selection),
    previous,
    pod,
    running,
    probe,
    answers: probe?.outcome.kind === "ok",
  };
}

/** Whether a pod ended as a whole: it runs nothing any more, and Kubernetes makes another. */
export function isOver({ phase }: Pick<PodObservation, "phase">): boolean {
  return phase === "Failed" || phase === "Succeeded";
}

/** The container of a pod, where it runs and isn't about to end: then the agent counts as running. */
export function runningContainer(pod: PodObservation | null): RunningContainer | null {
  if (pod === null || pod.deleting || isOver(pod)) return null;
  return pod.container?.state === "running" ? pod.container : null;
}

/**
 * The probe, where it speaks of this run of the container: an answer from before a crash proves nothing. Times are compared
 * only after a restart, for `startedAt` is of the node's clock and the probe's time of ours.
 */
export function probeOfThisRun(
  probe: ProbeObservation | null,
  pod: PodObservation,
  running: RunningContainer,
): ProbeObservation | null {
  if (probe?.podUid !== pod.uid) return null;
  return running.restarts === 0 || probe.at >= running.startedAt ? probe : null;
}
