import { daemonSetName } from "../resources/names.ts";
import type { Store } from "../kube/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { PodRecord } from "./project.ts";

/**
 * Logs the two lifecycle messages of the vendor's monitoring page that a pass can't tell: an agent's pod that has just come, and
 * a collector that ended because it was told to. Both show in the caches for a moment only, so it listens to these itself.
 * Of pods that are there already nothing is told: their start is of before.
 */
export function logAgentPods(pods: Store<PodRecord>, log: Log, signal: AbortSignal): void {
  const unsubscribe = pods.subscribe(({ before, after }) => {
    if (after === undefined || !isNodeAgent(after)) return;
    const fields = () => ({ kmagent: `${after.namespace}/${after.instance}`, node: after.node, pod: after.name });
    if (before === undefined) {
      if (hasJustCome(after)) log.info(fields(), "agent start sequence initiated");
    } else if (endedAsTold(before, after)) log.info(fields(), "collector run loop exited normally");
  });
  signal.addEventListener("abort", unsubscribe, { once: true });
}

function isNodeAgent({ component, instance, ownerName }: PodRecord): boolean {
  return component === "node-agent" && ownerName === daemonSetName(instance);
}

/** One that ran already isn't new: its label was taken away and given back, or the watch had a gap. */
function hasJustCome({ deleting, container, phase }: PodRecord): boolean {
  const hasRun = container !== null && (container.state !== "waiting" || container.last !== null);
  return !deleting && phase === "Pending" && !hasRun;
}

/**
 * It ran while its pod was being deleted, and then obeyed. Exit code 0 of a pod that nobody deletes is a fault, and a collector
 * that had to be killed has another code.
 */
function endedAsTold(before: PodRecord, { uid, container }: PodRecord): boolean {
  const ran = before.uid === uid && before.deleting && before.container?.state === "running";
  return ran && container?.state === "terminated" && container.last.exitCode === 0;
}
