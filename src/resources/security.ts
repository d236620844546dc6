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
 * root or, with some runtimes, to others; and privileged where the spec asks for it. The user's own goes over it.
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
  return merge(own, nodeAgent.securityContext ?? {});
}

/** Maps are merged, everything else is replaced. */
function merge(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = base[key];
    merged[key] = isRecord(before) && isRecord(value) ? merge(before, value) : value;
  }
  return merged;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
