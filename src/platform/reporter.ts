import type { Clock } from "../api/clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { Link } from "./link.ts";
import type { FleetReport, LinkSettings } from "./link.ts";
import type { OperatorIdentity } from "./payload.ts";
import { notContacted } from "./platform-state.ts";
import type { PlatformState } from "./platform-state.ts";
import type { HeardAnswer } from "./wire.ts";

export type { FleetReport, LinkSettings } from "./link.ts";
export type { PlatformState } from "./platform-state.ts";

/** What the reporter needs from outside. */
export interface ReporterOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly metrics: Pick<Metrics, "add" | "set" | "onScrape">;
  /** The operator itself, which speaks for its clusters. */
  readonly operator: OperatorIdentity;
  /** Hears each change of kind or message of a KmAgent's state. */
  readonly onStateChange: (uid: string, state: PlatformState) => void;
  /** Takes every answer to a KmAgent's check-in, in order. */
  readonly onAnswer: (uid: string, answer: HeardAnswer) => void;
}

/**
 * Tells the platform the truth about every node and about the cluster, of any number of KmAgents, each known by its UID. To be
 * used by the leader only. Nothing here waits for the platform, and no outage of it fills memory.
 */
export interface Reporter {
  /** How to speak for a KmAgent; cheap where nothing changed. A new key, address, proxy or CA is tried at once. */
  configure(uid: string, settings: LinkSettings): void;
  /** The present state of its nodes, all of them. Ignored before `configure`. */
  update(uid: string, fleet: FleetReport): void;
  /** The KmAgent was deleted: its agents are reported as removed, within 10 s, best effort, then all is forgotten. */
  remove(uid: string): void;
  /** Stops speaking for a KmAgent without a word: somebody else leads now. */
  forget(uid: string): void;
  /** How it stands with the platform. */
  state(uid: string): PlatformState;
  /** Sends what has changed and waits, and what `remove` began, for `ms` at most. Says nothing of the agents: they run on. */
  flush(ms: number): Promise<void>;
  /** Ends everything. */
  stop(): Promise<void>;
}

/** Makes the process' one reporter. */
export function createReporter(options: ReporterOptions): Reporter {
  const { log, clock, metrics, onAnswer } = options;
  const links = new Map<string, Link>();
  const retiring = new Map<Link, Promise<void>>();
  const unknown = notContacted().state;

  metrics.onScrape(() => {
    const waiting = links.values().reduce((sum, link) => sum + link.waiting, 0);
    metrics.set("kmagent_operator_platform_queue", {}, waiting);
  });

  /** Keeps a link that is ending until it has, for nothing may be left unawaited. */
  const end = (link: Link, how: Promise<void>): void => {
    const done = how
      .catch((error: unknown) => log.error({ err: error }, "ending a connection to the platform failed"))
      .finally(() => retiring.delete(link));
    retiring.set(link, done);
  };

  const take = (uid: string): Link | undefined => {
    const link = links.get(uid);
    links.delete(uid);
    return link;
  };

  return {
    configure(uid, settings) {
      const link = links.get(uid);
      if (link !== undefined) {
        link.configure(settings);
        return;
      }
      links.set(
        uid,
        new Link(settings, {
          ...options,
          onStateChange: (state) => options.onStateChange(uid, state),
          onAnswer: (answer) => onAnswer(uid, answer),
        }),
      );
    },
    update(uid, fleet) {
      const link = links.get(uid);
      if (link === undefined) return;
      link.update(fleet);
      // A KmAgent that was deleted and made again reports the same nodes: the old one's farewell must not come after.
      for (const old of retiring.keys()) if (old.endpoint === link.endpoint) old.yieldTo(link.hostnames());
    },
    remove(uid) {
      const link = take(uid);
      if (link !== undefined) end(link, link.retire());
    },
    forget(uid) {
      const link = take(uid);
      if (link !== undefined) end(link, link.stop());
    },
    state: (uid) => links.get(uid)?.state ?? unknown,
    flush: async (ms) => {
      let cancel: () => void = () => undefined;
      const late = new Promise<void>((resolve) => (cancel = clock.after(ms, resolve)));
      const flushed = [...links.values()].map((link) => link.flush(ms));
      await Promise.race([late, Promise.all([...flushed, ...retiring.values()])]);
      cancel();
    },
    stop: async () => {
      for (const link of [...links.values()]) end(link, link.stop());
      links.clear();
      const ending = [...retiring.keys()].map((link) => link.stop());
      await Promise.all([...ending, ...retiring.values()]);
    },
  };
}
