import { daemonTolerations } from "../api/daemon-tolerations.ts";
import type { Manifest } from "./manifest.ts";

type Json = Readonly<Record<string, unknown>>;

/** What a canary's pod is made from. */
export interface CanaryInput {
  readonly daemonSet: { readonly name: string; readonly namespace: string; readonly uid: string };
  /** The pod template of the revision that is tried. */
  readonly template: Json;
  readonly node: string;
  readonly revision: string;
  /** UID of the pod in whose place it comes: it makes the name, so that a second try of the same finds it taken. */
  readonly after: string;
}

/**
 * A pod as the DaemonSet controller would make it for one node, of a template that the DaemonSet doesn't hold yet: with its
 * labels and controller, so that it counts as the node's pod, bound to the node by name, with the tolerations that every
 * DaemonSet pod has (`pkg/controller/daemon/util` of Kubernetes).
 */
export function canaryPod({ daemonSet, template, node, revision, after }: CanaryInput): Manifest {
  const metadata = map(template["metadata"]);
  const spec = map(template["spec"]);
  const affinity = map(spec["affinity"]);
  const tolerations = Array.isArray(spec["tolerations"]) ? (spec["tolerations"] as unknown[]) : [];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${daemonSet.name}-${revision}-${after.slice(0, 8)}`,
      namespace: daemonSet.namespace,
      labels: map(metadata["labels"]) as Record<string, string>,
      annotations: map(metadata["annotations"]) as Record<string, string>,
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "DaemonSet",
          name: daemonSet.name,
          uid: daemonSet.uid,
          controller: true,
          // The DaemonSet doesn't wait for it, and no right to its finalizers is needed.
          blockOwnerDeletion: false,
        },
      ],
    },
    spec: {
      ...spec,
      affinity: { ...affinity, nodeAffinity: onNode(map(affinity["nodeAffinity"]), node) },
      tolerations: [...tolerations, ...daemonTolerations(spec["hostNetwork"] === true)],
    },
  };
}

/** The DaemonSet controller puts the node's name in the place of what the template requires. */
function onNode(nodeAffinity: Json, node: string): Json {
  return {
    ...nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
    },
  };
}

function map(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
