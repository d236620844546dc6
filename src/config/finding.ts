import { cutPath, cutText } from "./yaml-value.ts";

/** As many findings as a person reads; a hostile document could have thousands. */
export const MAX_FINDINGS = 20;
/** Characters of a message at most. */
const MAX_MESSAGE = 1_024;

/** What is wrong with a collector configuration: which rule found it, where, and how to mend it. */
export interface Finding {
  /** Name of the rule, the same word in status, events, metrics and `docs/`. */
  readonly rule: string;
  /** Place in the document, such as `service.pipelines.logs.receivers[0]`; empty for the document as a whole. */
  readonly path: string;
  /** One or two sentences for a person, without the configuration's values but for names of components. */
  readonly message: string;
}

/** Judgement of a configuration. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly findings: readonly Finding[] };

/** Findings as they are handed on: the first ones, and their words bounded, for the names in them may be of any length. */
export function bounded(findings: readonly Finding[]): readonly Finding[] {
  return findings
    .slice(0, MAX_FINDINGS)
    .map(({ rule, path, message }) => ({ rule, path: cutPath(path), message: cutText(message, MAX_MESSAGE) }));
}

/** One line for a condition: the first finding in full, and how many there are besides. */
export function summarize(findings: readonly Finding[]): string {
  const [first] = findings;
  return first ? summary(first, findings.length) : "";
}

/** The same of the first of `count` findings. */
export function summary({ rule, path, message }: Finding, count: number): string {
  const place = path === "" ? "" : `${path}: `;
  const rest = count === 1 ? "" : ` (and ${count - 1} more)`;
  return `${place}${message} [rule ${rule}]${rest}`;
}
