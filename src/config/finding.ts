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

/** One line for a condition: the first finding in full, and how many there are besides. */
export function summarize(findings: readonly Finding[]): string {
  const [first] = findings;
  if (!first) return "";
  const place = first.path === "" ? "" : `${first.path}: `;
  const rest = findings.length === 1 ? "" : ` (and ${findings.length - 1} more)`;
  return `${place}${first.message} [rule ${first.rule}]${rest}`;
}
