import { isJsonObject } from "../api/json.ts";
import type { KmAgentSpec } from "../api/kmagent.ts";

/** User and group of an agent that reads nothing of root's. */
const USER = 10_001;

/** Least privilege that passes Pod Security `restricted`. */
export function restrictedSecurityContext(): Record<string, unknown> {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: true,
    runAsGroup: USER,
    runAsNonRoot: true,
    runAsUser: USER,
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/**
 * Security context of the node agent: as above, but root with `DAC_READ_SEARCH` where it reads container logs, which belong to
 * root or, with some runtimes, to others; and privileged where the spec asks for it. The user's own goes over it, and capabilities
 * that it adds are added.
 */
export function nodeSecurityContext(nodeAgent: KmAgentSpec["nodeAgent"], readsLogs: boolean): Record<string, unknown> {
  const own = nodeAgent.privileged
    ? { privileged: true, readOnlyRootFilesystem: true, runAsGroup: 0, runAsUser: 0 }
    : readsLogs
      ? {
          ...restrictedSecurityContext(),
          capabilities: { add: ["DAC_READ_SEARCH"], drop: ["ALL"] },
          runAsGroup: 0,
          runAsNonRoot: false,
          runAsUser: 0,
        }
      : restrictedSecurityContext();
  const merged = merge(own, nodeAgent.securityContext ?? {});
  const added = [...addedBy(own), ...addedBy(nodeAgent.securityContext ?? {})];
  // A capability more mustn't take away the one that reading logs needs.
  return added.length === 0 ? merged : merge(merged, { capabilities: { add: [...new Set(added)] } });
}

function addedBy({ capabilities }: Readonly<Record<string, unknown>>): readonly unknown[] {
  const add = isJsonObject(capabilities) ? capabilities["add"] : undefined;
  return Array.isArray(add) ? add : [];
}

/** Maps are merged, everything else is replaced. */
function merge(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = base[key];
    merged[key] = isJsonObject(before) && isJsonObject(value) ? merge(before, value) : value;
  }
  return merged;
}
