import { ANNOTATION, LABEL } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import { parseTimestamp } from "../api/time.ts";
import type { Rejection } from "../rollout/record.ts";
import { revisionId } from "./object-id.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";

/** What the ConfigMaps of a component's revisions say of them. */
export interface RevisionNotes {
  /** The one that was stable last; empty where none says so. */
  readonly stable: string;
  /** The newest first. */
  readonly rejected: readonly Rejection[];
}

/** Reads the notes that `noteWrites` left on a component's ConfigMaps. */
export function revisionNotes({ kmagent, live }: Snapshot, component: Component): RevisionNotes {
  let stable = { revision: "", since: "" };
  const rejected: Rejection[] = [];
  for (const object of live.values()) {
    const { labels, annotations } = object.metadata;
    const revision = labels?.[LABEL.revision];
    if (object.kind !== "ConfigMap" || labels?.[LABEL.component] !== component) continue;
    if (revision === undefined || ownership(object, kmagent).kind !== "ours") continue;
    const state = annotations?.[ANNOTATION.state] ?? "";
    const since = annotations?.[ANNOTATION.stateSince] ?? "";
    if (state === "stable" && since >= stable.since) stable = { revision, since };
    if (state === "rejected") rejected.push(rejection(revision, since, annotations?.[ANNOTATION.stateReason] ?? ""));
  }
  return { stable: stable.revision, rejected: rejected.toSorted((a, b) => b.since - a.since) };
}

/** A note's words are the reason and the message of what was rejected. */
function rejection(revision: string, since: string, words: string): Rejection {
  const [, reason = "Unknown", message = words] = /^(\w+): (.*)$/s.exec(words) ?? [];
  return { revision, reason, message, since: parseTimestamp(since) ?? 0, nodes: [], retried: false };
}

/**
 * Whether two revisions of a component differ by what isn't in their template and configuration: the API key or the CA bundle.
 */
export function differsBySecrets(
  { kmagent, live }: Snapshot,
  component: Component,
  one: string,
  other: string,
): boolean {
  if (one === "" || one === other) return false;
  const [mine, theirs] = [one, other].map((revision) => {
    const data = live.get(revisionId(kmagent, component, revision))?.["data"];
    return data === undefined ? undefined : JSON.stringify(data).replaceAll(revision, "");
  });
  return mine !== undefined && mine === theirs;
}
