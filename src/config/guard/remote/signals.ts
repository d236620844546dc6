import { pipelinesOf } from "../../pipelines.ts";
import { below } from "../../yaml-value.ts";
import type { RemoteRule } from "../rule.ts";

/** Only signals that the KmAgent has switched on. Traces are a matter of the nodes alone: the cluster agent always takes them. */
export const signals: RemoteRule = (document, { component, limits }) => {
  const { logs, metrics, traces } = limits.features;
  const on = new Map([
    ["logs", logs],
    ["metrics", metrics],
    ["traces", traces || component === "cluster-agent"],
  ]);
  return pipelinesOf(document).flatMap(({ id }) => {
    const [signal = ""] = id.split("/");
    if (on.get(signal) === true) return [];
    const message = on.has(signal)
      ? `carries ${signal}, which spec.config.features.${signal} switches off; remove it, or switch them on`
      : "carries a signal that a remote configuration may not collect; use logs, metrics or traces";
    return [{ rule: "signals", path: below("service.pipelines", id), message }];
  });
};
