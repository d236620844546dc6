import type { Refusals } from "../change.ts";
import { exporterWith } from "../change.ts";

/** Keys and texts that the collector would read as something else. */
export const TEXT: Refusals = {
  rule: "text",
  node: [
    [
      "a variable in a key",
      "Authorization:",
      '"${env:KM_NODE_NAME}":',
      'exporters.otlphttp.headers["${env:KM_NODE_NAME}"]',
    ],
    exporterWith("a setting by a path in its key", '"tls::insecure": true', '["tls::insecure"]'),
    [
      "a character that isn't printable",
      "tag_name: app",
      'tag_name: "a\\u0000b"',
      "processors.k8sattributes.extract.labels[0].tag_name",
    ],
  ],
};
