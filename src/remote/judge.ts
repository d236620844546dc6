import { MAX_BYTES, readDocument } from "../config/document.ts";
import type { Finding } from "../config/finding.ts";
import type { RemoteContext } from "../config/guard/rule.ts";
import { documentOf } from "../config/json-document.ts";
import { judgeRemote } from "../config/remote.ts";
import { writeDocument } from "../config/stringify.ts";

/** The guard's word on what the platform sent. `sentText` is what was sent as YAML, null where that is too large to keep. */
export type SentVerdict =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly findings: readonly Finding[]; readonly sentText: string | null };

/**
 * Judges a configuration as it came in the platform's answer. What is accepted is read back as the agents' configuration is
 * read in each pass, so nothing can be accepted today and be found unusable tomorrow for its form alone.
 */
export function judgeSent(sent: unknown, context: RemoteContext): SentVerdict {
  const reading = documentOf(sent);
  if (!reading.ok) return { ok: false, findings: reading.findings, sentText: null };
  const sentText = bounded(writeDocument(reading.document));
  const judged = judgeRemote(reading.document, context);
  if (!judged.ok) return { ok: false, findings: judged.findings, sentText };
  const again = readDocument(judged.text);
  return again.ok ? { ok: true, text: judged.text } : { ok: false, findings: again.findings, sentText };
}

/** Judges a refused configuration once more, from the text that was kept of it. */
export function judgeKept(text: string, context: RemoteContext): SentVerdict {
  const reading = readDocument(text);
  return reading.ok ? judgeSent(reading.document, context) : { ...reading, sentText: text };
}

/** A ConfigMap holds 1 MiB, and deep documents are longer as YAML than they were as JSON. */
function bounded(text: string): string | null {
  return new TextEncoder().encode(text).length <= MAX_BYTES ? text : null;
}
