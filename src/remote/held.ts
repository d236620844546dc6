import * as z from "zod";
import { BOUND } from "../api/bounds.ts";
import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { parseTimestamp, timestamp } from "../api/time.ts";
import { cutText } from "../config/yaml-value.ts";
import { metadata } from "../resources/manifest.ts";
import type { Manifest } from "../resources/manifest.ts";
import { remoteConfigMapName } from "../resources/names.ts";
import type { CountingConfig, RefusedConfig, RemoteRecord, RolledBackConfig } from "./record.ts";

/*
 * A record as a ConfigMap of the cluster holds it: it survives the operator, the platform and Helm's upgrades, and `kubectl`
 * shows it. Whoever may write ConfigMaps here may write it too, so what is in it is judged again before agents get it.
 */

const ACCEPTED_KEY = "accepted.yaml";
/** Only where it isn't the accepted one. */
const PROVED_KEY = "proved.yaml";
const WAITING_KEY = "waiting.yaml";
const REFUSED_KEY = "refused.json";
const REFUSED_TEXT_KEY = "refused.yaml";
const ROLLED_BACK_KEY = "rolled-back.json";
const ROLLED_BACK_TEXT_KEY = "rolled-back.yaml";

/** A ConfigMap holds 1 MiB. What was refused is a help for people and goes without its text where there is no room. */
const ROOM_BYTES = 1_000_000;

/** Stands for a hash that somebody took away: what was accepted goes on, and is equal to nothing that comes. */
const LOST = "lost";

/** The ConfigMap of a record; null while there is nothing to hold. */
export function heldConfigMap(kmagent: KmAgent, component: Component, record: RemoteRecord): Manifest | null {
  if (isEmpty(record)) return null;
  const { accepted, proved, waiting, restartedAt, restartWaits, refused, refusedText, heard, asked, retried } = record;
  const { rolledBack, rolledBackText } = record;
  const annotations = {
    [ANNOTATION.remoteHash]: accepted?.hash ?? "",
    [ANNOTATION.remoteSince]: accepted ? timestamp(accepted.since) : "",
    [ANNOTATION.remoteProved]: proved?.hash ?? "",
    [ANNOTATION.remoteProvedSince]: proved ? timestamp(proved.since) : "",
    [ANNOTATION.remoteWaiting]: waiting?.hash ?? "",
    [ANNOTATION.remoteWaitingSince]: waiting ? timestamp(waiting.since) : "",
    [ANNOTATION.remoteRestartedAt]: restartedAt === null ? "" : timestamp(restartedAt),
    [ANNOTATION.remoteRestartWaits]: restartWaits ? "true" : "",
    [ANNOTATION.remoteHeard]: heard,
    [ANNOTATION.remoteAsked]: asked,
    [ANNOTATION.remoteRetried]: retried,
  };
  const data = {
    ...(accepted && { [ACCEPTED_KEY]: accepted.text }),
    ...(proved && proved.hash !== accepted?.hash && { [PROVED_KEY]: proved.text }),
    ...(waiting && { [WAITING_KEY]: waiting.text }),
    ...(refused.length > 0 && { [REFUSED_KEY]: listed(refused) }),
    ...(rolledBack.length > 0 && { [ROLLED_BACK_KEY]: listed(rolledBack) }),
    ...(rolledBackText !== null && { [ROLLED_BACK_TEXT_KEY]: rolledBackText }),
  };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...metadata(kmagent, component, remoteConfigMapName(kmagent.name, component)),
      annotations: Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== "")),
    },
    data: fits(data, refusedText) ? { ...data, [REFUSED_TEXT_KEY]: refusedText } : data,
  };
}

/** What is held of a record, as far as it can be read: a damaged part counts as missing, and the rest stays. */
export function readHeld(object: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}): RemoteRecord {
  const annotations = object.metadata.annotations ?? {};
  const parsed = z.record(z.string(), z.string()).safeParse(object["data"] ?? {});
  const data = parsed.success ? parsed.data : {};
  const note = (key: string) => annotations[key] ?? "";
  const counting = (text: string | undefined, hash: string, since: string): CountingConfig | null =>
    text === undefined ? null : { hash: hash || LOST, text, since: parseTimestamp(since) ?? 0 };
  const accepted = counting(data[ACCEPTED_KEY], note(ANNOTATION.remoteHash), note(ANNOTATION.remoteSince));
  const provedHash = note(ANNOTATION.remoteProved);
  const provedText =
    data[PROVED_KEY] ?? (provedHash !== "" && provedHash === accepted?.hash ? accepted.text : undefined);
  const refused = readList(data[REFUSED_KEY], refusedEntry);
  const rolledBack = readList(data[ROLLED_BACK_KEY], rolledBackEntry);
  return {
    accepted,
    proved: counting(provedText, provedHash, note(ANNOTATION.remoteProvedSince)),
    waiting: counting(data[WAITING_KEY], note(ANNOTATION.remoteWaiting), note(ANNOTATION.remoteWaitingSince)),
    restartedAt: parseTimestamp(note(ANNOTATION.remoteRestartedAt)),
    restartWaits: note(ANNOTATION.remoteRestartWaits) === "true",
    refused,
    refusedText: refused.length === 0 ? null : (data[REFUSED_TEXT_KEY] ?? null),
    rolledBack,
    rolledBackText: rolledBack.length === 0 ? null : (data[ROLLED_BACK_TEXT_KEY] ?? null),
    heard: note(ANNOTATION.remoteHeard),
    asked: note(ANNOTATION.remoteAsked),
    retried: note(ANNOTATION.remoteRetried),
  };
}

/** An earlier release may have written longer ones than may be shown. */
const upTo = (characters: number) => z.string().transform((text) => cutText(text, characters));
const refusedEntry: z.ZodType<Listed<RefusedConfig>> = z.object({
  hash: z.string(),
  rule: z.string(),
  path: upTo(BOUND.path),
  message: upTo(BOUND.message),
  since: z.string(),
});
const rolledBackEntry: z.ZodType<Listed<RolledBackConfig>> = z.object({
  hash: z.string(),
  revision: z.string(),
  reason: z.string(),
  message: upTo(BOUND.message),
  together: z.boolean(),
  since: z.string(),
  retried: z.boolean(),
});

/** An entry with its time as people read it. */
type Listed<T> = Omit<T, "since"> & { readonly since: string };

function listed(entries: readonly { readonly since: number }[]): string {
  const shown = entries.map(({ since, ...rest }) => ({ ...rest, since: timestamp(since) }));
  return `${JSON.stringify(shown, null, 2)}\n`;
}

function fits(data: Readonly<Record<string, string>>, more: string | null): more is string {
  if (more === null) return false;
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  return Object.values(data).reduce((sum, text) => sum + bytes(text), bytes(more)) <= ROOM_BYTES;
}

function readList<T extends { readonly since: string }>(
  text: string | undefined,
  entry: z.ZodType<T>,
): (Omit<T, "since"> & { readonly since: number })[] {
  if (text === undefined) return [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
  const parsed = z.array(entry).max(100).safeParse(json);
  return parsed.success ? parsed.data.map((each) => ({ ...each, since: parseTimestamp(each.since) ?? 0 })) : [];
}

function isEmpty(record: RemoteRecord): boolean {
  return (
    record.accepted === null &&
    record.waiting === null &&
    record.restartedAt === null &&
    !record.restartWaits &&
    record.refused.length === 0 &&
    record.proved === null &&
    record.rolledBack.length === 0 &&
    record.heard === "" &&
    record.asked === ""
  );
}
