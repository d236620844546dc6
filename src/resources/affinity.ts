type Json = Readonly<Record<string, unknown>>;

/** Virtual nodes have no machine that an agent could watch; a DaemonSet that tolerates everything would leave Pending pods on them. */
const REAL_NODES = [
  { key: "type", operator: "NotIn", values: ["virtual-kubelet"] },
  { key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate"] },
];

/**
 * The affinity of the node agents: the user's, with virtual nodes ruled out of each of its terms (terms are alternatives, so
 * each must say it). A shape that isn't Kubernetes' own is passed on as it is, for the API server to refuse by its path.
 */
export function nodeAgentAffinity(given: Json | undefined): Json {
  const nodeAffinity = given?.["nodeAffinity"] ?? {};
  if (!isMap(nodeAffinity)) return { ...given };
  const required = nodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"] ?? { nodeSelectorTerms: [{}] };
  if (!isMap(required)) return { ...given };
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
  if (!isMap(term)) return term;
  const expressions = term["matchExpressions"] ?? [];
  return isList(expressions) ? { ...term, matchExpressions: [...expressions, ...REAL_NODES] } : term;
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
