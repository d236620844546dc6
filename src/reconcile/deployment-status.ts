import type { KubeObject } from "../kube/resource.ts";

/** What of a Deployment's status counts here; all of it is missing until its controller has looked. */
export interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly availableReplicas?: number;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
}

/** What the Deployment's controller says of it. */
export function deploymentStatus(deployment: KubeObject | undefined): DeploymentStatus {
  return deployment?.["status"] ?? {};
}
