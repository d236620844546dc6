import { METRICS } from "../src/telemetry/metric-table.ts";
import type { MetricDefinition } from "../src/telemetry/metric-table.ts";
import { code, table } from "./markdown.ts";

/** `docs/reference/metrics.md`: every metric, from the table that the operator registers them from. */
export function metricsPage(): string {
  const rows = Object.entries<MetricDefinition>(METRICS).map(([name, { type, labels, help }]) => [
    code(name),
    type,
    labels.map(code).join(", "),
    help,
  ]);
  return `# Metrics

Generated from \`src/telemetry/metric-table.ts\` by \`make generate\`; change it there. Served in Prometheus' text format at \`/metrics\`
on port 8080 of the operator's pod. \`namespace\` and \`name\` are those of the KmAgent.

${table(["Metric", "Type", "Labels", "Meaning"], rows)}
`;
}
