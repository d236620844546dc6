import type { Component } from "../api/labels.ts";
import type { RemoteContext } from "../config/guard/rule.ts";
import { asksOf } from "./ask.ts";
import type { Answer } from "./ask.ts";
import { heed, settle, waitOf } from "./heed.ts";
import type { HeedSettings } from "./heed.ts";
import { judgeKept, judgeSent } from "./judge.ts";
import type { Heeded, Note, Wait } from "./note.ts";
import { COMPONENTS } from "./record.ts";
import type { RemoteRecords } from "./record.ts";

/** A note and the component of which it speaks. */
export type ComponentNote = Note & { readonly component: Component };

/** What both components' records become, what came of it, and when something that waits is due. */
export interface RemoteDecision {
  readonly records: RemoteRecords;
  readonly notes: readonly ComponentNote[];
  /** What waits, by component. */
  readonly waits: Waits;
}

/** What a component's configuration or restart waits for; `null` where neither does. */
export type Waits = Readonly<Record<Component, Wait | null>>;

/** Where nothing waits. */
export const NO_WAITS: Waits = { "node-agent": null, "cluster-agent": null };

/** What is known when answers are taken. */
export interface RemoteFacts {
  readonly records: RemoteRecords;
  /** In the order in which they came. */
  readonly answers: readonly Answer[];
  readonly guard: Omit<RemoteContext, "component">;
  readonly settings: Omit<HeedSettings, "rolledBack" | "unprovedUntil">;
  /** As in `HeedSettings`, by component. */
  readonly unprovedUntil: Readonly<Record<Component, number | null>>;
  /** Whether the configuration that counts was rolled back, by component. */
  readonly rolledBack: Readonly<Record<Component, boolean>>;
}

/** Takes the platform's answers one by one, then does what waited. Pure; `now` is in milliseconds since the epoch. */
export function decideRemote(
  { records, answers, guard, settings, unprovedUntil, rolledBack }: RemoteFacts,
  now: number,
): RemoteDecision {
  const notes: ComponentNote[] = [];
  let current = records;
  const step = (component: Component, { record, notes: told }: Heeded): void => {
    if (record !== current[component]) current = { ...current, [component]: record };
    notes.push(...told.map((note) => ({ ...note, component })));
  };
  const settingsOf = (component: Component): HeedSettings => ({
    ...settings,
    rolledBack: rolledBack[component],
    unprovedUntil: unprovedUntil[component],
  });
  for (const answer of answers) {
    const asks = asksOf(answer, current);
    for (const component of COMPONENTS) {
      const judge = (sent: unknown) => judgeSent(sent, { ...guard, component });
      step(component, heed(current[component], asks[component], judge, settingsOf(component), now));
    }
  }
  for (const component of COMPONENTS) {
    const judge = (text: string) => judgeKept(text, { ...guard, component });
    step(component, settle(current[component], judge, settingsOf(component), now));
  }
  const waitOfComponent = (component: Component) => waitOf(current[component], settingsOf(component));
  return {
    records: current,
    notes,
    waits: { "node-agent": waitOfComponent("node-agent"), "cluster-agent": waitOfComponent("cluster-agent") },
  };
}
