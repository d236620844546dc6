import * as z from "zod";
import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { metadata } from "../resources/manifest.ts";
import type { Manifest } from "../resources/manifest.ts";
import { remoteConfigMapName } from "../resources/names.ts";
import type { RefusedConfig, RemoteRecord } from "./record.ts";

/*
 * A record as a ConfigMap of the cluster holds it: it survives the operator, the platform and Helm's upgrades, and `kubectl`
 * shows it. Whoever may write ConfigMaps here may write it too, so what is in it is judged again before agents get it.
 */

const ACCEPTED_KEY = "accepted.yaml";
const WAITING_KEY = "waiting.yaml";
const REFUSED_KEY = "refused.json";
const REFUSED_TEXT_KEY = "refused.yaml";

/** Stands for a hash that somebody took away: what was accepted goes on, and is equal to nothing that comes. */
const LOST = "lost";

/** The ConfigMap of a record; null while there is nothing to hold. */
export function heldConfigMap(kmagent: KmAgent, component: Component, record: RemoteRecord): Manifest | null {
  if (isEmpty(record)) return null;
  const { accepted, waiting, restartedAt, restartWaits, refused, refusedText, heard, asked, retried } = record;
  const annotations = {
    [ANNOTATION.remoteHash]: accepted?.hash ?? "",
    [ANNOTATION.remoteSince]: accepted ? rfc3339(accepted.since) : "",
    [ANNOTATION.remoteWaiting]: waiting?.hash ?? "",
    [ANNOTATION.remoteRestartedAt]: restartedAt === null ? "" : rfc3339(restartedAt),
    [ANNOTATION.remoteRestartWaits]: restartWaits ? "true" : "",
    [ANNOTATION.remoteHeard]: heard,
    [ANNOTATION.remoteAsked]: asked,
    [ANNOTATION.remoteRetried]: retried,
  };
  const shown = refused.map(({ since, ...rest }) => ({ ...rest, since: rfc3339(since) }));
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...metadata(kmagent, component, remoteConfigMapName(kmagent.name, component)),
      annotations: Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== "")),
    },
    data: {
      ...(accepted && { [ACCEPTED_KEY]: accepted.text }),
      ...(waiting && { [WAITING_KEY]: waiting.text }),
      ...(refused.length > 0 && { [REFUSED_KEY]: `${JSON.stringify(shown, null, 2)}\n` }),
      ...(refusedText !== null && { [REFUSED_TEXT_KEY]: refusedText }),
    },
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
  const accepted = data[ACCEPTED_KEY];
  const waiting = data[WAITING_KEY];
  const refused = readRefused(data[REFUSED_KEY]);
  return {
    accepted:
      accepted === undefined
        ? null
        : {
            hash: note(ANNOTATION.remoteHash) || LOST,
            text: accepted,
            since: time(note(ANNOTATION.remoteSince)) ?? 0,
          },
    waiting: waiting === undefined ? null : { hash: note(ANNOTATION.remoteWaiting) || LOST, text: waiting },
    restartedAt: time(note(ANNOTATION.remoteRestartedAt)),
    restartWaits: note(ANNOTATION.remoteRestartWaits) === "true",
    refused,
    refusedText: refused.length === 0 ? null : (data[REFUSED_TEXT_KEY] ?? null),
    heard: note(ANNOTATION.remoteHeard),
    asked: note(ANNOTATION.remoteAsked),
    retried: note(ANNOTATION.remoteRetried),
  };
}

const refusedList = z
  .array(z.object({ hash: z.string(), rule: z.string(), path: z.string(), message: z.string(), since: z.string() }))
  .max(100);

function readRefused(text: string | undefined): RefusedConfig[] {
  if (text === undefined) return [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
  const parsed = refusedList.safeParse(json);
  return parsed.success ? parsed.data.map((entry) => ({ ...entry, since: time(entry.since) ?? 0 })) : [];
}

function isEmpty(record: RemoteRecord): boolean {
  return (
    record.accepted === null &&
    record.waiting === null &&
    record.restartedAt === null &&
    !record.restartWaits &&
    record.refused.length === 0 &&
    record.heard === "" &&
    record.asked === ""
  );
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

function time(text: string): number | null {
  const at = text === "" ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
