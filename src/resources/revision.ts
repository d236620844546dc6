import { createHash } from "node:crypto";

/** Consonants and digits only, so that no revision spells a word, reads as a number or holds a dash. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const LENGTH = 10;

/** Identity of what a pod runs. */
export interface Revision {
  /** Ten characters: label, part of names, what people read. */
  readonly name: string;
  /** SHA-256 in hex, to tell two apart whose names happen to be equal. */
  readonly hash: string;
}

/** What a revision is made of: change one of them, and pods have to be replaced. */
export interface RevisionInput {
  /** Pod template, rendered with an empty revision, so that it doesn't hold its own hash. */
  readonly template: unknown;
  /** Text of the collector configuration. */
  readonly configuration: string;
  /** HMAC of the API key, in hex; never the key. */
  readonly apiKeyHmac: string;
  /** Hash of the CA bundle, or null. Collectors read it at their start only. */
  readonly caBundleHash: string | null;
}

/** The revision of some content: the same for every order of keys, another one for every other change. */
export function revisionOf(input: RevisionInput): Revision {
  const hash = createHash("sha256").update(canonicalJson(input)).digest("hex");
  return { name: encode(BigInt(`0x${hash}`)), hash };
}

/** JSON with sorted keys and without absent values. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(",")}}`;
}

function encode(number: bigint): string {
  const base = BigInt(ALPHABET.length);
  let rest = number;
  let text = "";
  for (let place = 0; place < LENGTH; place++) {
    text += ALPHABET.charAt(Number(rest % base));
    rest /= base;
  }
  return text;
}
