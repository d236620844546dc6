import { complete } from "./complete.ts";
import { MAX_BYTES } from "./document.ts";
import { bounded } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { bounds } from "./guard/remote/bounds.ts";
import { guardRemote } from "./guard/remote/guard-remote.ts";
import { withLimiter } from "./guard/remote/limiter-first.ts";
import { withoutOwnLogs } from "./guard/remote/own-logs.ts";
import { withoutRedirects } from "./guard/remote/tables/prometheus.ts";
import type { RemoteContext } from "./guard/rule.ts";
import { writeDocument } from "./stringify.ts";
import { at, isMap } from "./yaml-value.ts";
import type { YamlMap } from "./yaml-value.ts";

/** Judgement of a whole configuration: the document as the agents would get it and its one text, or what is wrong. */
export type JudgedConfig =
  | { readonly ok: true; readonly document: YamlMap; readonly text: string }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * Makes what the platform sent fit for agents, and judges the result: the collector's own telemetry is ours whole, the health
 * endpoint and a memory limiter are there, scrapes follow no redirect, and the agents' own logs aren't read. What comes out comes
 * out again unchanged when it is judged another time.
 */
export function judgeRemote(sent: YamlMap, context: RemoteContext): JudgedConfig {
  // Before anything is made of it, for tens of thousands of parts take long to copy as well.
  const unbounded = bounds(sent, context);
  if (unbounded.length > 0) return { ok: false, findings: bounded(unbounded) };
  const own = withoutOwnLogs(withoutRedirects(withoutTelemetry(sent)), context.agent);
  const document = withLimiter(complete(own), context.distribution);
  const verdict = guardRemote(document, context);
  if (!verdict.ok) return verdict;
  const text = writeDocument(document);
  if (new TextEncoder().encode(text).length <= MAX_BYTES) return { ok: true, document, text };
  return { ok: false, findings: [{ rule: "size", path: "", message: `is longer than ${MAX_BYTES} bytes` }] };
}

/** What a document says of the collector's own logs, metrics and traces is dropped: it could send them anywhere. */
function withoutTelemetry(document: YamlMap): YamlMap {
  const service = at(document, "service");
  if (!isMap(service) || !Object.hasOwn(service, "telemetry")) return document;
  return { ...document, service: Object.fromEntries(Object.entries(service).filter(([key]) => key !== "telemetry")) };
}
