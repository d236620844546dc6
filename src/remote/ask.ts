import type { Component } from "../api/labels.ts";
import type { RemoteRecords } from "./record.ts";
import { COMPONENTS } from "./record.ts";

/** A configuration of an answer: plain JSON that nobody has judged, and its hash. */
export interface SentConfig {
  readonly hash: string;
  readonly document: unknown;
}

/** The platform's answer to a check-in. */
export type Answer =
  | {
      readonly kind: "read";
      readonly restartRequired: boolean;
      readonly configs: Readonly<Record<Component, SentConfig | null>>;
    }
  /** Longer than an answer may be, so nobody has read it. */
  | { readonly kind: "oversized" };

/** What an answer asks of one component. */
export type Ask =
  | { readonly kind: "nothing" }
  /** A configuration without `restart_required`: what the platform has, and no wish. */
  | { readonly kind: "unasked"; readonly hash: string }
  | { readonly kind: "restart" }
  /** `alone`: nothing else in the answer is new, so one that is in force already is a wish for a restart. */
  | { readonly kind: "config"; readonly sent: SentConfig; readonly alone: boolean }
  | { readonly kind: "oversized" };

/**
 * Splits an answer into what it asks of each component. Both configurations: each to its own; one alone: to its own, and
 * nothing of the other; `restart_required` without any: a restart of both. Where one of two is new, the other one is there
 * because the platform always sends both, and its pods aren't restarted for it.
 */
export function asksOf(answer: Answer, records: RemoteRecords): Readonly<Record<Component, Ask>> {
  if (answer.kind === "oversized") return { "node-agent": { kind: "oversized" }, "cluster-agent": { kind: "nothing" } };
  const { configs, restartRequired } = answer;
  const sent = COMPONENTS.filter((component) => configs[component] !== null);
  const alone = sent.every((component) => configs[component]?.hash === newestHash(records, component));
  const askOf = (component: Component): Ask => {
    const config = configs[component];
    if (config === null) return restartRequired && sent.length === 0 ? { kind: "restart" } : { kind: "nothing" };
    return restartRequired ? { kind: "config", sent: config, alone } : { kind: "unasked", hash: config.hash };
  };
  return { "node-agent": askOf("node-agent"), "cluster-agent": askOf("cluster-agent") };
}

function newestHash(records: RemoteRecords, component: Component): string {
  const { waiting, accepted } = records[component];
  return (waiting ?? accepted)?.hash ?? "";
}
