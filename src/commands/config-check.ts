import { KmAgentSpec } from "../api/kmagent.ts";
import type { Component } from "../api/labels.ts";
import { readDocument } from "../config/document.ts";
import type { Reading } from "../config/document.ts";
import type { Finding } from "../config/finding.ts";
import { guardSettings } from "../config/guard/remote/limits.ts";
import { documentOf } from "../config/json-document.ts";
import { judgeRemote } from "../config/remote.ts";
import { judgeOwn } from "../config/resolve.ts";
import { readInput } from "./input-file.ts";
import { readKmAgentFile } from "./kmagent-file.ts";

/** Flags of `config check`. */
export interface ConfigCheckFlags {
  /** Whose configuration it is: the cluster's own people's, or the platform's. */
  readonly origin: "spec" | "remote";
  /** Whose it would be: the node agents' or the cluster agent's. */
  readonly target: "node" | "cluster";
  /** File with the KmAgent whose image and allowances count; without it the defaults do. */
  readonly kmagent?: string;
  readonly output: "text" | "json";
}

/** What a KmAgent without any settings of its own says to the guard. */
const DEFAULTS = { clusterName: "cluster", apiKeySecretRef: { name: "km-agent-credentials", key: "apiKey" } };

/** Judges a collector configuration as the operator would, without a cluster. `ok` decides the exit code; `text` is the answer. */
export async function checkConfig(
  file: string,
  flags: ConfigCheckFlags,
  signal: AbortSignal,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const component: Component = flags.target === "node" ? "node-agent" : "cluster-agent";
  const kmagent =
    flags.kmagent === undefined
      ? { namespace: "km-agent", name: "km-agent", spec: KmAgentSpec.parse(DEFAULTS) }
      : (await readKmAgentFile(flags.kmagent, signal)).kmagent;
  const reading = readConfig(await readInput(file, signal), flags.origin);
  const context = { ...guardSettings(kmagent), component };
  const judge = flags.origin === "remote" ? judgeRemote : judgeOwn;
  const verdict = reading.ok ? judge(reading.document, context) : reading;
  const findings = verdict.ok ? [] : verdict.findings;
  const text =
    flags.output === "json"
      ? `${JSON.stringify({ file, origin: flags.origin, target: flags.target, ok: verdict.ok, findings }, null, 2)}\n`
      : describe(file, flags, findings);
  return { ok: verdict.ok, text };
}

/** The platform sends JSON, which is read as the operator reads it; everything else is YAML. */
function readConfig(text: string, origin: ConfigCheckFlags["origin"]): Reading {
  if (origin === "spec") return readDocument(text);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return readDocument(text);
  }
  return documentOf(json);
}

function describe(file: string, { origin, target }: ConfigCheckFlags, findings: readonly Finding[]): string {
  const what = `${origin === "remote" ? "remote " : ""}configuration of the ${target} agent`;
  if (findings.length === 0) return `${file}: accepted as ${what}\n`;
  const lines = findings.map(
    ({ rule, path, message }) => `  ${path === "" ? "the document" : path}: ${message} [rule ${rule}]\n`,
  );
  return `${file}: refused as ${what}, ${findings.length} ${findings.length === 1 ? "finding" : "findings"}\n${lines.join("")}`;
}
