import { isJsonObject } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";
import { VIRTUAL_NODES } from "../api/virtual-nodes.ts";

/** Rules virtual nodes out. */
const REAL_NODES = VIRTUAL_NODES.map(({ label: { key, value } }) => ({ key, operator: "NotIn", values: [value] }));

/**
 * The affinity of the node agents: the user's, with virtual nodes ruled out of each of its terms (terms are alternatives, so
 * each must say it). A shape that isn't Kubernetes' own is passed on as it is, for the API server to refuse by its path.
 */
export function nodeAgentAffinity(given: JsonObject | undefined): JsonObject {
  const nodeAffinity = given?.["nodeAffinity"] ?? {};
  if (!isJsonObject(nodeAffinity)) return { ...given };
  const required = nodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"] ?? { nodeSelectorTerms: [{}] };
  if (!isJsonObject(required)) return { ...given };
  const terms = required["nodeSelectorTerms"];
  if (!isList(terms)) return { ...given };
  return {
    ...given,
    nodeAffinity: {
      ...nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { ...required, nodeSelectorTerms: terms.map(onRealNodes) },
    },
  };
}

function onRealNodes(term: unknown): unknown {
  if (!isJsonObject(term)) return term;
  const expressions = term["matchExpressions"] ?? [];
  return isList(expressions) ? { ...term, matchExpressions: [...expressions, ...REAL_NODES] } : term;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
