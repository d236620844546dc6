import { canonicalType, typeOf } from "../../components.ts";
import { pipelinesOf } from "../../pipelines.ts";
import { below } from "../../yaml-value.ts";
import type { RemoteRule } from "../rule.ts";

/** What components carry that don't carry every signal; of connectors what comes out, for they are receivers here. */
const RECEIVED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      ...["hostmetrics", "kubeletstats", "prometheus", "snmp", "kafkametrics", "spanmetrics", "count"],
      ...[
        "apache",
        "nginx",
        "elasticsearch",
        "rabbitmq",
        "vcenter",
        "mysql",
        "postgresql",
        "redis",
        "saphana",
        "mongodb",
      ],
    ].map((type) => [type, ["metrics"]]),
  ),
  filelog: ["logs"],
  k8sevents: ["logs"],
  k8sobjects: ["logs"],
  k8scluster: ["metrics", "logs"],
};
const PROCESSED: Readonly<Record<string, readonly string[]>> = {
  cumulativetodelta: ["metrics"],
  deltatorate: ["metrics"],
  metricstransform: ["metrics"],
  probabilisticsampler: ["traces", "logs"],
  span: ["traces"],
  groupbytrace: ["traces"],
};
const EXPORTED: Readonly<Record<string, readonly string[]>> = { spanmetrics: ["traces"] };

const PARTS = [
  ["receivers", new Map(Object.entries(RECEIVED))],
  ["processors", new Map(Object.entries(PROCESSED))],
  ["exporters", new Map(Object.entries(EXPORTED))],
] as const;

/** A component stands only in pipelines of signals that it carries, or the collector wouldn't start. */
export const supportedSignals: RemoteRule = (document) =>
  pipelinesOf(document).flatMap((pipeline) => {
    const [signal = ""] = pipeline.id.split("/");
    return PARTS.flatMap(([part, carried]) =>
      pipeline[part].flatMap((id, index) => {
        const signals = carried.get(canonicalType(typeOf(id)));
        if (!signals || signals.includes(signal)) return [];
        const path = below(below(below("service.pipelines", pipeline.id), part), index);
        return [{ rule: "signals", path, message: `names ${typeOf(id)}, which carries ${signals.join(" and ")} only` }];
      }),
    );
  });
