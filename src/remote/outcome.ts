import type { Component } from "../api/labels.ts";
import { sentence } from "../api/sentence.ts";
import { describeWait } from "./note.ts";
import type { Wait } from "./note.ts";
import type { RefusedConfig, RemoteRecord, RolledBackConfig } from "./record.ts";

/** How far the pods of a component are with the configuration that counts. */
export type Progress =
  | { readonly kind: "applied"; readonly reached: string }
  | { readonly kind: "moving"; readonly reached: string }
  /** Nothing is moved, for `spec.paused` is true. */
  | { readonly kind: "paused"; readonly reached: string }
  /** The guard would refuse it now. */
  | { readonly kind: "refused"; readonly rule: string; readonly path: string; readonly message: string }
  /** It failed where it was tried, and stays there: nothing is rolled back unasked. */
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "rolledBack"; readonly why: string };

/** What decides what is said of one component. */
export interface OutcomeFacts {
  readonly component: Component;
  readonly record: RemoteRecord;
  /** Whether the spec gives its configuration, which goes before the platform's. */
  readonly overridden: boolean;
  readonly progress: Progress;
  /** A sentence that says what the agents run. */
  readonly inForce: string;
  /** What a configuration that doesn't count yet waits for. */
  readonly wait: Wait | null;
}

/** What became of the configuration that the platform sent last, from the best to the worst. */
const KINDS = ["none", "applied", "applying", "waiting", "overridden", "refused", "failed", "rolledBack"] as const;

/** The verdict on the last remote configuration, as `status.config.lastRemote` shows it. Times are milliseconds since the epoch. */
export interface LastRemote {
  readonly hash: string;
  readonly verdict: "Accepted" | "Refused" | "Overridden" | "Failed" | "RolledBack";
  readonly rule: string;
  readonly path: string;
  readonly message: string;
  readonly since: number;
}

/** What is said of both components together: the worst kind, a sentence or two for each, and the worst one's verdict. */
export interface RemoteOutcome {
  readonly kind: (typeof KINDS)[number];
  readonly message: string;
  readonly last: LastRemote | null;
  /** Each configuration that the message speaks of, in the order of the components. */
  readonly told: readonly Pick<LastRemote, "hash" | "since">[];
}

/** What is said of one component. */
type ComponentOutcome = Omit<RemoteOutcome, "told">;

/** What became of what the platform sent, for the condition, for status and for the platform itself. */
export function remoteOutcome(each: readonly OutcomeFacts[]): RemoteOutcome {
  const told = each.map(outcomeOf).filter(({ kind }) => kind !== "none");
  const worstFirst = told.toSorted((a, b) => KINDS.indexOf(b.kind) - KINDS.indexOf(a.kind));
  const [worst] = worstFirst;
  if (!worst) return { kind: "none", message: "The platform has sent no configuration.", last: null, told: [] };
  return {
    ...worst,
    message: worstFirst.map(({ message }) => message).join(" "),
    told: told.flatMap(({ last }) => (last === null ? [] : [{ hash: last.hash, since: last.since }])),
  };
}

function outcomeOf({ component, record, overridden, progress, inForce, wait }: OutcomeFacts): ComponentOutcome {
  const { accepted, waiting, heard, rolledBack } = record;
  const whose = component === "node-agent" ? "the node agents" : "the cluster agent";
  const refused = record.refused.find(({ hash }) => hash === heard);
  if (refused) return refusedOutcome(refused, whose, inForce);
  const failed = rolledBack.find(({ hash }) => hash === heard);
  if (failed && accepted?.hash !== heard && waiting?.hash !== heard) return rolledBackOutcome(failed, whose, inForce);
  const newest = waiting ?? accepted;
  if (newest && overridden) {
    const field = component === "node-agent" ? "spec.config.nodeAgent" : "spec.config.clusterAgent";
    const message = `${field} goes before the platform's configuration ${newest.hash}; remove it to let that one apply.`;
    const last = accepting(newest.hash, message, newest.since);
    return { kind: "overridden", message, last: { ...last, verdict: "Overridden" } };
  }
  if (waiting) {
    const message = `Configuration ${waiting.hash} of ${whose} waits${wait === null ? "" : ` for ${describeWait(wait)}`}.`;
    return { kind: "waiting", message, last: accepting(waiting.hash, message, waiting.since) };
  }
  if (!accepted) return { kind: "none", message: "", last: null };
  const { hash, since } = accepted;
  switch (progress.kind) {
    case "applied": {
      const message = `Configuration ${hash} of ${whose} is in force${progress.reached}.`;
      return { kind: "applied", message, last: accepting(hash, "", since) };
    }
    case "moving": {
      const message = `Configuration ${hash} of ${whose} is being applied${progress.reached}.`;
      return { kind: "applying", message, last: accepting(hash, "", since) };
    }
    case "paused": {
      const where = progress.reached === "" ? "" : `; it is${progress.reached}`;
      const message = `Configuration ${hash} of ${whose} is accepted, and spec.paused holds it${where}.`;
      return { kind: "applying", message, last: accepting(hash, "", since) };
    }
    case "refused":
      return refusedOutcome({ hash, since, ...progress }, whose, inForce, "was accepted, and is refused now");
    case "failed": {
      const elsewhere = `Elsewhere ${inForce.charAt(0).toLowerCase()}${inForce.slice(1)}`;
      const message = `Configuration ${hash} of ${whose} failed, and isn't taken back by itself: ${sentence(progress.why)} ${elsewhere}`;
      return { kind: "failed", message, last: { ...accepting(hash, message, since), verdict: "Failed" } };
    }
    case "rolledBack": {
      const message = `Configuration ${hash} of ${whose} was rolled back: ${sentence(progress.why)} ${inForce}`;
      return { kind: "rolledBack", message, last: { ...accepting(hash, message, since), verdict: "RolledBack" } };
    }
    default:
      return progress satisfies never;
  }
}

function refusedOutcome(
  refused: RefusedConfig,
  whose: string,
  inForce: string,
  verdict: "is refused" | "was accepted, and is refused now" = "is refused",
): ComponentOutcome {
  const { hash, rule, path, message, since } = refused;
  const place = path === "" ? "" : `${path}: `;
  return {
    kind: "refused",
    message: `Configuration ${hash} of ${whose} ${verdict} by rule ${rule}: ${place}${sentence(message)} ${inForce}`,
    last: { hash, verdict: "Refused", rule, path, message, since },
  };
}

function rolledBackOutcome(
  { hash, reason, message, together, since }: RolledBackConfig,
  whose: string,
  inForce: string,
): ComponentOutcome {
  const blame = together
    ? " It was tried together with another change, so either may be at fault; the other one is tried without it. `kloudmate.com/retry` tries it again."
    : "";
  const told = `Configuration ${hash} of ${whose} was rolled back: ${sentence(`${reason}: ${message}`)}${blame} ${inForce}`;
  return { kind: "rolledBack", message: told, last: { ...accepting(hash, told, since), verdict: "RolledBack" } };
}

function accepting(hash: string, message: string, since: number): LastRemote {
  return { hash, verdict: "Accepted", rule: "", path: "", message, since };
}
