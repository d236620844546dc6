import { VIRTUAL_NODES } from "../api/virtual-nodes.ts";
import { matchesAffinity, parseNodeAffinity } from "./node-affinity.ts";
import type { NodeAffinity } from "./node-affinity.ts";
import type { NodeObservation, Taint } from "./observation.ts";
import type { HealthSettings, Toleration } from "./settings.ts";
import { effectiveTolerations, untoleratedTaint } from "./taints.ts";

/** Which nodes a KmAgent selects, read out of its spec once a pass. */
export interface NodeSelection {
  readonly labels: readonly (readonly [string, string])[];
  readonly affinity: NodeAffinity;
  readonly tolerations: readonly Toleration[];
}

/**
 * Whether a node should have an agent, as the DaemonSet controller decides it:
 * - `excluded`: outside the selector or affinity, or no machine at all; that's no fault.
 * - `keptAway`: it should have one, and a taint forbids it.
 * - `wanted`: it should have one, and nothing about the node forbids it.
 */
export type Coverage =
  | { readonly kind: "excluded"; readonly message: string }
  | { readonly kind: "keptAway"; readonly taint: Taint }
  | { readonly kind: "wanted" };

const WANTED: Coverage = { kind: "wanted" };

/** Reads the selection out of the settings. */
export function nodeSelection(settings: HealthSettings): NodeSelection {
  return {
    labels: Object.entries(settings.nodeSelector),
    affinity: parseNodeAffinity(settings.affinity),
    tolerations: effectiveTolerations(settings.tolerations, settings.hostNetwork),
  };
}

/** Decides whether a node should have an agent. A cordon changes nothing: every DaemonSet pod tolerates it. */
export function coverage(node: NodeObservation, selection: NodeSelection): Coverage {
  const virtual = virtualKind(node);
  if (virtual !== null) {
    return {
      kind: "excluded",
      message: `${virtual} runs no DaemonSet pods: it is no machine that an agent could watch`,
    };
  }
  for (const [key, value] of selection.labels) {
    if (!Object.hasOwn(node.labels, key) || node.labels[key] !== value) {
      return {
        kind: "excluded",
        message: `the node has no label ${key}=${value}, which nodeAgent.nodeSelector asks for`,
      };
    }
  }
  if (!matchesAffinity(selection.affinity, node)) {
    return { kind: "excluded", message: "the node doesn't match the required node affinity of nodeAgent.affinity" };
  }
  const taint = untoleratedTaint(node.taints, selection.tolerations);
  return taint === null ? WANTED : { kind: "keptAway", taint };
}

/** What kind of virtual node it is, or `null` for a real one. */
function virtualKind({ labels, taints }: NodeObservation): string | null {
  const found = VIRTUAL_NODES.find(
    ({ label, taint }) =>
      labels[label.key] === label.value ||
      taints.some(({ key, value }) => key === taint.key && value === (taint.value ?? value)),
  );
  return found?.words ?? null;
}
