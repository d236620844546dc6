import { createHash } from "node:crypto";
import { documentOf } from "../config/json-document.ts";
import { writeDocument } from "../config/stringify.ts";
import { exactJson } from "../config/yaml-value.ts";
import type { HeardAnswer } from "../platform/wire.ts";
import type { Answer, SentConfig } from "../remote/ask.ts";

/** As many answers as wait for a pass: only while the API server can't be reached do they become more than one. */
const MAX_WAITING = 8;

/**
 * The platform's answers until a pass has taken them, by the UID of the KmAgent. They are in memory alone, for as long as a
 * pass takes; what comes of them is held in the cluster.
 */
export class RemoteInbox {
  readonly #waiting = new Map<string, Answer[]>();
  /** UIDs of those whose newest answer asked for nothing: the same once more is no reason for a pass. */
  readonly #quiet = new Set<string>();

  /** Takes an answer, and says whether a pass should look at it. */
  put(uid: string, heard: HeardAnswer): boolean {
    const answer = answerOf(heard);
    const quiet = isQuiet(answer);
    if (quiet && this.#quiet.has(uid)) return false;
    if (quiet) this.#quiet.add(uid);
    else this.#quiet.delete(uid);
    this.#waiting.set(uid, [...this.of(uid), answer].slice(-MAX_WAITING));
    return true;
  }

  /** What waits, in the order in which it came. */
  of(uid: string): readonly Answer[] {
    return this.#waiting.get(uid) ?? [];
  }

  /** Forgets answers that a pass has taken. */
  drop(uid: string, taken: readonly Answer[]): void {
    const left = this.of(uid).filter((answer) => !taken.includes(answer));
    if (left.length === 0) this.#waiting.delete(uid);
    else this.#waiting.set(uid, left);
  }

  /** Forgets a KmAgent that is gone. */
  forget(uid: string): void {
    this.#waiting.delete(uid);
    this.#quiet.delete(uid);
  }
}

function answerOf(heard: HeardAnswer): Answer {
  if (heard === "tooLong") return { kind: "oversized" };
  const { restartRequired, nodeAgent, clusterAgent } = heard;
  return {
    kind: "read",
    restartRequired,
    configs: { "node-agent": sentConfig(nodeAgent), "cluster-agent": sentConfig(clusterAgent) },
  };
}

function sentConfig(document: unknown): SentConfig | null {
  return document === null ? null : { hash: hashOf(document), document };
}

/** Sixteen letters that are the same for every order of keys; what is no document at all is hashed as it came. */
function hashOf(document: unknown): string {
  const reading = documentOf(document);
  const text = reading.ok ? writeDocument(reading.document) : exactJson(document);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function isQuiet(answer: Answer): boolean {
  return (
    answer.kind === "read" && !answer.restartRequired && Object.values(answer.configs).every((sent) => sent === null)
  );
}
