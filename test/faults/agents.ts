import { LABEL } from "../../src/api/labels.ts";
import { PODS, resourcePath } from "../../src/kube/resource.ts";
import type { KmAgentObject, World } from "../installation/world.ts";
import type { AgentPod } from "./ground.ts";

/** As much of a rollout's status as tests look at. */
export interface Rollout {
  readonly phase?: string;
  readonly target?: string;
  readonly stable?: string;
  readonly template?: string;
  readonly canaries?: readonly string[];
  readonly updated?: number;
  readonly waitingFor?: { readonly gate: string };
  /** The newest first. */
  readonly rejected?: readonly {
    readonly revision: string;
    readonly reason: string;
    readonly message: string;
    readonly since: string;
    readonly nodes?: readonly string[];
  }[];
}

/** The rollout of a KmAgent. */
export const rolloutOf = (kmagent: KmAgentObject | undefined): Rollout => kmagent?.status?.rollout ?? {};

/** The revision that a pod runs. */
export const revisionOf = (pod: AgentPod | undefined): string => pod?.metadata.labels?.[LABEL.revision] ?? "";

/** Whether kubelet calls a pod's agent ready. */
export const isReady = (pod: AgentPod): boolean => pod.status.containerStatuses?.[0]?.ready === true;

/** The node agents' pods that aren't being deleted, by node. */
export async function agentPods({ api }: World, namespace: string): Promise<ReadonlyMap<string, AgentPod>> {
  const labelSelector = `${LABEL.component}=node-agent`;
  const listed = await api.list<AgentPod>(resourcePath(PODS, namespace), { labelSelector });
  const living = listed.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return new Map(living.map((pod) => [pod.spec.nodeName ?? "", pod]));
}

/** Nodes whose agent is another pod than before. */
export function touched(
  before: ReadonlyMap<string, AgentPod>,
  after: ReadonlyMap<string, AgentPod>,
): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((node) => before.get(node)?.metadata.uid !== after.get(node)?.metadata.uid).toSorted();
}

/** The node on which the operator's pod runs. */
export async function operatorNode({ api }: World, namespace: string): Promise<string> {
  const labelSelector = "app.kubernetes.io/name=kmagent-operator";
  const pods = await api.list<AgentPod>(resourcePath(PODS, namespace), { labelSelector });
  return pods[0]?.spec.nodeName ?? "";
}
