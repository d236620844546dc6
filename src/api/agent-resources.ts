import type { KmAgentSpec } from "./kmagent.ts";
import type { Component } from "./labels.ts";
import { parseQuantity } from "./quantity.ts";

/** The part of a spec that says what agents may use. */
type SizedSpec = Pick<KmAgentSpec, "nodeAgent" | "clusterAgent">;
type Resources = NonNullable<KmAgentSpec["nodeAgent"]["resources"]>;

/** Small, and enough for the default configuration. No CPU limit: throttling an agent loses telemetry when it matters most. */
const DEFAULT_RESOURCES: Resources = { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } };

/** Requests and limits of an agent's container. */
export function resourcesOf({ nodeAgent, clusterAgent }: SizedSpec, component: Component): Resources {
  return (component === "node-agent" ? nodeAgent : clusterAgent).resources ?? DEFAULT_RESOURCES;
}

/** Bytes that an agent's container may use at most; null where the spec sets no limit. */
export function memoryLimitOf(spec: SizedSpec, component: Component): number | null {
  const bytes = Math.floor(parseQuantity(resourcesOf(spec, component).limits?.["memory"]) ?? 0);
  return bytes > 0 ? bytes : null;
}
