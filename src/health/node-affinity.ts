import { isJsonObject } from "../api/json.ts";
/** The parts of a node that a node affinity can ask about. */
export interface AffinitySubject {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One requirement on a label or on the node's name. */
interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** One term: everything in it must hold. */
interface Term {
  readonly expressions: readonly Requirement[];
  readonly fields: readonly Requirement[];
}

/** A required node affinity: one of its terms must hold. `null` where nothing is required. */
export type NodeAffinity = readonly Term[] | null;

/**
 * Reads `nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution` out of a Kubernetes `Affinity`. The schema lets any
 * shape through and a dry-run apply judges it, so what can't be read here counts as matching nothing, never as a crash.
 */
export function parseNodeAffinity(affinity: unknown): NodeAffinity {
  const required = field(field(affinity, "nodeAffinity"), "requiredDuringSchedulingIgnoredDuringExecution");
  if (required === undefined || required === null) return null;
  return list(field(required, "nodeSelectorTerms")).map((term) => ({
    expressions: list(field(term, "matchExpressions")).map(requirement),
    fields: list(field(term, "matchFields")).map(requirement),
  }));
}

/** Whether a node may run the pod by its required node affinity. A term without requirements matches no node, as in Kubernetes. */
export function matchesAffinity(affinity: NodeAffinity, node: AffinitySubject): boolean {
  if (affinity === null) return true;
  return affinity.some(
    (term) =>
      term.expressions.length + term.fields.length > 0 &&
      term.expressions.every((expression) => matchesLabel(expression, node.labels)) &&
      term.fields.every((expression) => matchesName(expression, node.name)),
  );
}

function matchesLabel(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case "In":
      return value !== undefined && requirement.values.includes(value);
    case "NotIn":
      return value === undefined || !requirement.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return compare(value, requirement.values[0], (left, right) => left > right);
    case "Lt":
      return compare(value, requirement.values[0], (left, right) => left < right);
    default:
      return false;
  }
}

/** `metadata.name` is the only field that Kubernetes knows here, with `In` and `NotIn`. */
function matchesName(requirement: Requirement, name: string): boolean {
  if (requirement.key !== "metadata.name") return false;
  if (requirement.operator === "In") return requirement.values.includes(name);
  return requirement.operator === "NotIn" && !requirement.values.includes(name);
}

const INTEGER = /^[+-]?[0-9]{1,19}$/;

function compare(
  left: string | undefined,
  right: string | undefined,
  holds: (left: bigint, right: bigint) => boolean,
): boolean {
  if (left === undefined || right === undefined || !INTEGER.test(left) || !INTEGER.test(right)) return false;
  return holds(BigInt(left.replace("+", "")), BigInt(right.replace("+", "")));
}

function requirement(value: unknown): Requirement {
  const key = field(value, "key");
  const operator = field(value, "operator");
  return {
    key: typeof key === "string" ? key : "",
    operator: typeof operator === "string" ? operator : "",
    values: list(field(value, "values")).filter((entry) => typeof entry === "string"),
  };
}

function field(value: unknown, key: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
