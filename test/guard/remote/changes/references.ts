import type { Refusals } from "../change.ts";

/** Names of what isn't there. */
export const REFERENCES: Refusals = {
  rule: "references",
  node: [
    [
      "records handed to an operator that isn't there",
      "{ type: container, id: container-parser }",
      "{ type: container, id: container-parser, output: nowhere }",
      "receivers.filelog/containers.operators[0]",
    ],
  ],
  gateway: [
    ["a reference to nothing", "receivers: [otlp]", "receivers: [jaeger]", "service.pipelines.traces.receivers[0]"],
  ],
};
