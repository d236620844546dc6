import { LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";

interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: { readonly containers?: readonly { readonly image?: string }[] };
}

/** Revision in the pod template of a DaemonSet or Deployment; empty where there is none. */
export function revisionOfTemplate(workload: KubeObject | undefined): string {
  return templateOf(workload)?.metadata?.labels?.[LABEL.revision] ?? "";
}

/** Image of the agent, the first container in the pod template of a DaemonSet or Deployment; empty where there is none. */
export function imageOfTemplate(workload: KubeObject | undefined): string {
  return templateOf(workload)?.spec?.containers?.[0]?.image ?? "";
}

function templateOf(workload: KubeObject | undefined): PodTemplate | undefined {
  return (workload?.["spec"] as { readonly template?: PodTemplate } | undefined)?.template;
}
