import { FRAIL_RANGE, UNWELL_RANGE, WELL_RANGE } from "./pod-ranges.ts";

/** Nodes with this label are kwok's. */
export const FAKE_NODE = { "kmagent.test/fake": "yes" } as const;
/** A node with this label isn't made Ready. */
export const DOWN_LABEL = "kmagent.test/down";
/** The label of pods by which the bench tells its changes apart. */
export const TRIAL_LABEL = "trial";
/** The change that frail nodes don't bear. */
export const FRAIL_TRIAL = "bad";

/** Nodes whose collectors don't fare well. */
export interface WeakNodes {
  /** Collectors that answer at first and soon no more, of pods labelled with the bad trial. */
  readonly frail: readonly string[];
  /** Collectors that never answer well. */
  readonly unwell: readonly string[];
}

/** What kwok does to nodes and pods: Ready as soon as they are there, gone as soon as they are deleted, and no heartbeats. */
export function stages({ frail, unwell }: WeakNodes): string {
  return `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: node-ready }
spec:
  resourceRef: { apiGroup: v1, kind: Node }
  selector:
    matchExpressions:
      - { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"] }
      - { key: '.metadata.labels["${DOWN_LABEL}"]', operator: DoesNotExist }
  next:
    statusTemplate: |
      conditions:
      - { type: Ready, status: "True", reason: KubeletReady, message: kubelet is posting ready status, lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }} }
      addresses:
      - { type: InternalIP, address: {{ NodeIP | Quote }} }
      allocatable: { cpu: "4", memory: 16Gi, pods: "110" }
      capacity: { cpu: "4", memory: 16Gi, pods: "110" }
      nodeInfo:
        architecture: amd64
        operatingSystem: linux
        kubeletVersion: v1.34.4
        bootID: ""
        containerRuntimeVersion: fake
        kernelVersion: fake
        kubeProxyVersion: ""
        machineID: ""
        osImage: fake
        systemUUID: ""
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-ready }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.podIP, operator: DoesNotExist }
  next:
    statusTemplate: |
      {{ $now := Now }}
      conditions:
      - { type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }} }
      - { type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }} }
      - { type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }} }
      containerStatuses:
      {{ range .spec.containers }}
      - image: {{ .image | Quote }}
        imageID: ""
        name: {{ .name | Quote }}
        ready: true
        restartCount: 0
        state: { running: { startedAt: {{ $now | Quote }} } }
      {{ end }}
      hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
      {{ $ip := PodIPWith .spec.nodeName false ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
      {{ if ${isOneOf(unwell)} }}{{ $ip = printf "${UNWELL_RANGE}%s" (trimPrefix "${WELL_RANGE}" $ip) }}
      {{ else if and (eq (or .metadata.labels.${TRIAL_LABEL} "") "${FRAIL_TRIAL}") (${isOneOf(frail)}) }}{{ $ip = printf "${FRAIL_RANGE}%s" (trimPrefix "${WELL_RANGE}" $ip) }}{{ end }}
      podIP: {{ $ip | Quote }}
      phase: Running
      startTime: {{ $now | Quote }}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-delete }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: Exists }
  next:
    finalizers: { empty: true }
    delete: true
`;
}

/** A template's word on whether a pod is of one of these nodes. */
function isOneOf(nodes: readonly string[]): string {
  return nodes.length === 0 ? "false" : `eq .spec.nodeName ${nodes.map((node) => JSON.stringify(node)).join(" ")}`;
}
