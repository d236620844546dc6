import { isCollectorEnd } from "../health/fault.ts";
import type { NodeHealth } from "../health/node-health.ts";

/** A line of the log about one node's collector. */
export interface LifecycleLine {
  readonly level: "info" | "error";
  readonly message: string;
  readonly node: string;
  /** The collector's or kubelet's own words; empty where there are none. */
  readonly error: string;
}

const NOT_CREATED: ReadonlySet<string> = new Set(["ImagePullFailed", "ContainerCreateFailed"]);

/**
 * The lifecycle messages of the vendor's monitoring page, word for word, from what became of each node's collector since the
 * pass before: a new run, a run that ended with an error (the first one of a pod besides by its own message), and one that
 * couldn't be made. Nothing is told of what a first look finds, for nobody knows when it happened.
 */
export function lifecycleLines(
  before: ReadonlyMap<string, NodeHealth> | null,
  after: readonly NodeHealth[],
): LifecycleLine[] {
  if (before === null) return [];
  return after.flatMap((now) => {
    const then = before.get(now.node);
    return then === now ? [] : [...endOf(then, now), ...startOf(then, now)];
  });
}

function startOf(then: NodeHealth | undefined, { node, agent, podUid, restarts }: NodeHealth): LifecycleLine[] {
  if (agent !== "Running" || then?.kind === "notReady") return [];
  const same = then?.agent === "Running" && then.podUid === podUid && then.restarts === restarts;
  return same ? [] : [{ level: "info", message: "collector instance created, starting run loop", node, error: "" }];
}

function endOf(then: NodeHealth | undefined, now: NodeHealth): LifecycleLine[] {
  const { node, reason, lastExitAt, podUid, restarts } = now;
  const error = now.lastError === "" ? now.message : now.lastError;
  if (NOT_CREATED.has(reason)) {
    const told = then?.reason === reason && then.podUid === podUid;
    return told ? [] : [{ level: "error", message: `failed to create new collector instance: ${error}`, node, error }];
  }
  const sameEnd = then?.podUid === podUid && then.lastExitAt === lastExitAt;
  if (!isCollectorEnd(reason) || lastExitAt === null || sameEnd) return [];
  const first =
    restarts <= 1 && (then?.podUid !== podUid || then.lastExitAt === null) && (then?.upSince ?? null) === null;
  return [
    ...(first ? [{ level: "error", message: `Initial collector run failed: ${error}`, node, error } as const] : []),
    { level: "error", message: "collector run loop exited with error", node, error },
  ];
}
