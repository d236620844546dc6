import { daemonTolerations } from "../api/daemon-tolerations.ts";
import { membersOf, textsOf } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";
import type { Manifest } from "./manifest.ts";

/** What a canary's pod is made from. */
export interface CanaryInput {
  readonly daemonSet: { readonly name: string; readonly namespace: string; readonly uid: string };
  /** The pod template of the revision that is tried. */
  readonly template: JsonObject;
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
  const metadata = membersOf(template["metadata"]);
  const spec = membersOf(template["spec"]);
  const affinity = membersOf(spec["affinity"]);
  const tolerations: readonly unknown[] = Array.isArray(spec["tolerations"]) ? spec["tolerations"] : [];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${daemonSet.name}-${revision}-${after.slice(0, 8)}`,
      namespace: daemonSet.namespace,
      labels: textsOf(metadata["labels"]),
      annotations: textsOf(metadata["annotations"]),
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
      affinity: { ...affinity, nodeAffinity: onNode(membersOf(affinity["nodeAffinity"]), node) },
      tolerations: [...tolerations, ...daemonTolerations(spec["hostNetwork"] === true)],
    },
  };
}

/** The DaemonSet controller puts the node's name in the place of what the template requires. */
function onNode(nodeAffinity: JsonObject, node: string): JsonObject {
  return {
    ...nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }],
    },
  };
}
