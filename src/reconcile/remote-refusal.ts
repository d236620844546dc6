import type { Component } from "../api/labels.ts";
import type { ComponentNote } from "../remote/remote.ts";
import { COMPONENTS } from "../remote/record.ts";
import type { ComponentFinding } from "../resources/desired.ts";
import type { Judged } from "./configuration.ts";
import type { RemoteStep } from "./remote-step.ts";
import type { Snapshot } from "./snapshot.ts";
import { writtenStatus } from "./written.ts";

/*
 * A configuration of the platform that counts is judged again whenever the spec changes. One that the spec allows no more stops
 * the KmAgent as a bad configuration of its own would: what runs stays.
 */

/** What is wrong with the platform's configuration of a component that counts; empty where nothing is, or where it isn't used. */
export function remoteFindings(component: Component, judged: Judged): readonly ComponentFinding[] {
  if (judged.kind !== "invalid") return [];
  return judged.findings.filter((finding) => finding.component === component && finding.source === "Remote");
}

/** The step with a note for each configuration that counts and that this pass was the first to refuse. */
export function notingRefusals(step: RemoteStep | null, judged: Judged, snapshot: Snapshot): RemoteStep | null {
  if (step === null) return step;
  const refused = COMPONENTS.flatMap((component): ComponentNote[] => {
    const findings = remoteFindings(component, judged);
    const [first] = findings;
    const hash = step.records[component].accepted?.hash;
    if (first === undefined || hash === undefined || isTold(component, hash, first, snapshot)) return [];
    const { rule, path, message } = first;
    return [{ kind: "refusedSince", component, hash, rule, path, message, findings: findings.length }];
  });
  return refused.length === 0 ? step : { ...step, notes: [...step.notes, ...refused] };
}

/** Whether the pass before found it; a process that begins anew asks the status. */
function isTold(component: Component, hash: string, { rule }: ComponentFinding, snapshot: Snapshot): boolean {
  const before = snapshot.memory.rendered;
  if (before === null) {
    const last = writtenStatus(snapshot).config?.lastRemote;
    return last?.verdict === "Refused" && last.hash === hash && last.rule === rule;
  }
  const side = component === "node-agent" ? "nodeAgent" : "clusterAgent";
  if (before.desired.ok || before.input.remote?.[side].config?.hash !== hash) return false;
  return before.desired.findings.some(
    (finding) => finding.component === component && finding.source === "Remote" && finding.rule === rule,
  );
}
