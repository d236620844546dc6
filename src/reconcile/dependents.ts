import { LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { ObjectDecision } from "./object-decision.ts";
import type { DecidedObject } from "./plan.ts";

/** Which component an object belongs to; empty where its labels don't say. */
export function componentOf(object: KubeObject): string {
  return object.metadata.labels?.[LABEL.component] ?? "";
}

/**
 * Holds a workload back while its ConfigMap can't be made, is somebody else's or is on its way out: a pod must never start
 * with a configuration that wasn't meant for it, and what runs goes on with what it has.
 */
export function holdDependents(decided: readonly DecidedObject[]): DecidedObject[] {
  const lacking = new Set(
    decided
      .filter(({ object, decision }) => object.kind === "ConfigMap" && isLacking(decision))
      .map(({ object }) => componentOf(object)),
  );
  return decided.map((each) =>
    each.object.kind !== "ConfigMap" && writes(each.decision) && lacking.has(componentOf(each.object))
      ? { ...each, decision: { kind: "wait", why: "dependency", recheckAt: null } }
      : each,
  );
}

function isLacking(decision: ObjectDecision): boolean {
  switch (decision.kind) {
    case "foreign":
    case "refused":
    case "stuck":
      return true;
    case "wait":
      return decision.why === "deleting" || decision.why === "predecessor";
    case "create":
    case "apply":
    case "keep":
      return false;
  }
}

function writes({ kind }: ObjectDecision): boolean {
  return kind === "create" || kind === "apply";
}
