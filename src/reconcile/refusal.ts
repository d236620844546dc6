import type { KmError } from "../api/errors.ts";
import type { PodRefusal } from "../health/observation.ts";
import type { KubeObject } from "../kube/resource.ts";

/**
 * A pod made of a DaemonSet's template, for a dry run: the API server then says in its own words why the DaemonSet
 * controller's pods are refused, which stands in no status and only in events that we need no right to read.
 */
export function podOfTemplate(daemonSet: KubeObject): KubeObject {
  const template = (daemonSet["spec"] as { template: { metadata?: object; spec: object } }).template;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...template.metadata,
      name: `${daemonSet.metadata.name}-admission`,
      ...(daemonSet.metadata.namespace !== undefined && { namespace: daemonSet.metadata.namespace }),
    },
    spec: template.spec,
  };
}

/** Whether the API server says that a webhook that has to be asked doesn't answer: it refuses for that, though it calls it its own error. */
export function isWebhookDown({ code, message }: KmError): boolean {
  return code === "Unavailable" && message.includes("failed calling webhook");
}

/** What kind of refusal the API server's words tell of. */
export function classifyRefusal(message: string): PodRefusal {
  if (message.includes("violates PodSecurity")) return { kind: "PodSecurityViolation", message };
  if (message.includes("exceeded quota") || message.includes("failed quota")) return { kind: "QuotaExceeded", message };
  if (/service ?account .*not found/i.test(message)) return { kind: "ServiceAccountMissing", message };
  if (/\bPod "[^"]*" is invalid: /.test(message)) return { kind: "PodInvalid", message };
  return { kind: "AdmissionDenied", message };
}
