import { KmAgentStatus } from "../../src/api/kmagent.ts";
import type { Finding } from "../../src/config/finding.ts";
import { remoteReport } from "../../src/reconcile/remote-report.ts";
import { heed } from "../../src/remote/heed.ts";
import { remoteOutcome } from "../../src/remote/outcome.ts";
import { NO_RECORD } from "../../src/remote/record.ts";
import { assembleStatus } from "../../src/status/assemble.ts";
import { facts } from "../fleet/facts.ts";
import { NOW, unmasked } from "../fleet/observations.ts";

/** Bytes of what the platform takes for words of others. */
const FOREIGN_BYTES = 1_024;

/** Throws where what is told of a refused configuration isn't taken by those whom it is told: the API server and the platform. */
export function tellOf(findings: readonly Finding[]): void {
  const settings = { minIntervalMs: 0, retry: "", generation: 1, rolledBack: false, unprovedUntil: null };
  const sent = { hash: "0123456789abcdef", document: null };
  const verdict = { ok: false, findings, sentText: null } as const;
  const { record } = heed(NO_RECORD, { kind: "config", sent, alone: true }, () => verdict, settings, NOW);
  const progress = { kind: "moving", reached: "" } as const;
  const component = "node-agent";
  const remote = remoteOutcome([
    { component, record, overridden: false, progress, inForce: "The built-in one stays in force.", wait: null },
  ]);
  const status = assembleStatus(facts({ remote }), {}, NOW, unmasked);
  const { lastRemote } = KmAgentStatus.parse(status).config ?? {};
  if (lastRemote?.verdict !== "Refused") throw new Error("the status tells of no refusal");
  const { lastError } = remoteReport(remote, unmasked);
  if (lastError === "" || Buffer.byteLength(lastError) > FOREIGN_BYTES) {
    throw new Error(`the platform is told ${Buffer.byteLength(lastError)} bytes`);
  }
}
