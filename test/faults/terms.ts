import type { AuditEvent } from "../cluster/cluster.ts";
import type { World } from "../installation/world.ts";
import { RELEASE } from "./host-operator.ts";

/** One write of an operator, and what the lease said at that moment. */
export interface FencedWrite {
  /** Which token wrote (`Account.credential`). */
  readonly credential: string;
  readonly verb: string;
  /** Such as `/apis/apps/v1/namespaces/x/daemonsets/y`. */
  readonly uri: string;
  /** When the API server received it. RFC 3339. */
  readonly at: string;
  /** Milliseconds since the API server had received the writer's last successful renewal; infinite where there was none. */
  readonly sinceRenewalMs: number;
  /** Whether the lease's last successful write was by the same one. */
  readonly held: boolean;
}

const WRITING = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** Every write by operators of a namespace since then (events and dry runs too), beside the lease that covers it. */
export async function fencedWrites(world: World, namespace: string, since: Date): Promise<readonly FencedWrite[]> {
  const events: AuditEvent[] = [];
  for await (const event of world.cluster.auditEvents(since, world.signal)) {
    const ours = event.user.username === `system:serviceaccount:${namespace}:${RELEASE}`;
    if (ours && WRITING.has(event.verb)) events.push(event);
  }
  // The log is in the order of the answers.
  events.sort((a, b) => a.requestReceivedTimestamp.localeCompare(b.requestReceivedTimestamp));
  const renewedAt = new Map<string, number>();
  let holder: string | undefined;
  const writes: FencedWrite[] = [];
  for (const event of events) {
    const credential = event.user.extra?.["authentication.kubernetes.io/credential-id"]?.[0] ?? "";
    const at = Date.parse(event.requestReceivedTimestamp);
    if (event.objectRef?.resource === "leases") {
      if ((event.responseStatus?.code ?? 0) >= 300) continue;
      renewedAt.set(credential, at);
      holder = credential;
      continue;
    }
    writes.push({
      credential,
      verb: event.verb,
      uri: event.requestURI,
      at: event.requestReceivedTimestamp,
      sinceRenewalMs: at - (renewedAt.get(credential) ?? Number.NEGATIVE_INFINITY),
      held: holder === credential,
    });
  }
  return writes;
}
