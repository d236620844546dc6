import type { AuditEvent } from "../cluster/cluster.ts";
import type { World } from "./world.ts";

const WRITING = new Set(["create", "update", "patch", "delete", "deletecollection"]);
/** What an operator writes that changes nothing of a KmAgent's: its lease and its events. */
const BESIDE = new Set(["leases", "events"]);

/** One write that the API server was asked for, as its audit log has it. */
export interface Write {
  readonly verb: string;
  /** `daemonsets/km-agent`, with the subresource at its end where there is one. */
  readonly object: string;
  /** HTTP status of the answer. */
  readonly code: number;
  /** RFC 3339. */
  readonly at: string;
}

/**
 * What the operator of a namespace wrote since then, but for its lease, its events, and dry runs (which store nothing). The
 * operator's account is told from the agents' by its end.
 */
export async function operatorWrites(
  { cluster, signal }: World,
  namespace: string,
  since: Date,
): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for await (const event of cluster.auditEvents(since, signal)) {
    if (isWriteOf(event, namespace)) writes.push(writeOf(event));
  }
  return writes;
}

/** Pods that the operator of a namespace asked to be deleted since then, each as often as it asked; `at` is in milliseconds since the epoch. */
export async function podDeletions(
  world: World,
  namespace: string,
  since: Date,
): Promise<readonly { readonly pod: string; readonly at: number }[]> {
  return (await operatorWrites(world, namespace, since)).flatMap(({ verb, object, at }) => {
    const [resource, pod = ""] = object.split("/");
    return verb === "delete" && resource === "pods" ? [{ pod, at: Date.parse(at) }] : [];
  });
}

function isWriteOf({ user, verb, objectRef, requestURI }: AuditEvent, namespace: string): boolean {
  return (
    user.username.startsWith(`system:serviceaccount:${namespace}:`) &&
    user.username.endsWith("kmagent-operator") &&
    WRITING.has(verb) &&
    !BESIDE.has(objectRef?.resource ?? "") &&
    !requestURI.includes("dryRun=All")
  );
}

function writeOf({ verb, objectRef, responseStatus, requestReceivedTimestamp }: AuditEvent): Write {
  const object = [objectRef?.resource, objectRef?.name, objectRef?.subresource].filter(Boolean).join("/");
  return { verb, object, code: responseStatus?.code ?? 0, at: requestReceivedTimestamp };
}
