import type { Component } from "../api/labels.ts";
import { complete } from "./complete.ts";
import { readDocument } from "./document.ts";
import type { Finding } from "./finding.ts";
import { guard } from "./guard/guard.ts";
import type { GuardContext, RemoteContext } from "./guard/rule.ts";
import { judgeRemote } from "./remote.ts";
import type { JudgedConfig } from "./remote.ts";
import { writeDocument } from "./stringify.ts";
import type { YamlMap } from "./yaml-value.ts";

/** Where a configuration comes from, as `status.config.source` says it. */
export type ConfigSource = "Spec" | "Remote" | "Default";

/** The candidates of one component, the strongest first. */
export interface Candidates {
  readonly component: Component;
  /** Text that the spec gives, inline or from the ConfigMap that it refers to; null where it gives none. */
  readonly spec: string | null;
  /** Text of the remote configuration that was accepted; null where there is none. */
  readonly remote: string | null;
  /** The built-in default. */
  readonly fallback: YamlMap;
}

/** The configuration in force for one component, or why there can't be one. */
export type Resolution =
  | { readonly ok: true; readonly source: ConfigSource; readonly document: YamlMap; readonly text: string }
  | {
      readonly ok: false;
      readonly source: ConfigSource;
      readonly reason: "InvalidConfig";
      readonly findings: readonly Finding[];
    };

/**
 * Chooses a component's configuration (what the spec gives, else an accepted remote one, else the default), completes it with
 * what the operator needs, and judges it. A bad one isn't replaced by a weaker candidate: its author should hear of it, and the
 * agents go on with what they run. A remote one that was accepted once is judged again, for the spec may allow less since.
 */
export function resolve(candidates: Candidates, settings: Omit<RemoteContext, "component">): Resolution {
  const { source, reading } = choose(candidates);
  if (!reading.ok) return { ok: false, source, reason: "InvalidConfig", findings: reading.findings };
  const context = { ...settings, component: candidates.component };
  const judged = source === "Remote" ? judgeRemote(reading.document, context) : judgeOwn(reading.document, context);
  return judged.ok ? { ...judged, source } : { ...judged, source, reason: "InvalidConfig" };
}

/** Judges a configuration that the cluster's own people wrote. */
export function judgeOwn(given: YamlMap, context: GuardContext): JudgedConfig {
  const document = complete(given);
  const verdict = guard(document, context);
  return verdict.ok ? { ok: true, document, text: writeDocument(document) } : verdict;
}

function choose({ spec, remote, fallback }: Candidates) {
  if (spec !== null) return { source: "Spec", reading: readDocument(spec) } as const;
  if (remote !== null) return { source: "Remote", reading: readDocument(remote) } as const;
  return { source: "Default", reading: { ok: true, document: fallback } } as const;
}
