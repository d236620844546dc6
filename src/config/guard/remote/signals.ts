import { pipelinesOf } from "../../pipelines.ts";
import { below } from "../../yaml-value.ts";
import type { RemoteRule } from "../rule.ts";

/** Most pipelines; each costs a goroutine and a queue or more. */
const MAX_PIPELINES = 64;

/** Only signals that the KmAgent has switched on. Traces are a matter of the nodes alone: the cluster agent always takes them. */
export const signals: RemoteRule = (document, { component, limits }) => {
  const { logs, metrics, traces } = limits.features;
  const on = new Map([
    ["logs", logs],
    ["metrics", metrics],
    ["traces", traces || component === "cluster-agent"],
  ]);
  const pipelines = pipelinesOf(document);
  const many =
    pipelines.length > MAX_PIPELINES
      ? [{ rule: "limits", path: "service.pipelines", message: `must have at most ${MAX_PIPELINES} pipelines` }]
      : [];
  return [
    ...many,
    ...pipelines.flatMap(({ id }) => {
      const [signal = ""] = id.split("/");
      if (on.get(signal) === true) return [];
      const message = on.has(signal)
        ? `carries ${signal}, which spec.config.features.${signal} switches off; remove it, or switch them on`
        : "carries a signal that a remote configuration may not collect; use logs, metrics or traces";
      return [{ rule: "signals", path: below("service.pipelines", id), message }];
    }),
  ];
};
