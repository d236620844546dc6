import type { Refusals } from "../change.ts";

/** Variables that aren't the collectors' own, other spellings that reach one, and the API key where it would leave. */
export const ENVIRONMENT: Refusals = {
  rule: "environment",
  node: [
    [
      "the API key as another header",
      "Authorization: ${env:KM_API_KEY}",
      "X-Key: ${env:KM_API_KEY}",
      "exporters.otlphttp.headers.X-Key",
    ],
    [
      "the API key inside a header",
      "Authorization: ${env:KM_API_KEY}",
      "Authorization: x${env:KM_API_KEY}",
      "exporters.otlphttp.headers.Authorization",
    ],
    [
      "the API key as an attribute",
      "${env:KM_CLUSTER_NAME}",
      "${env:KM_API_KEY}",
      "processors.resource.attributes[1].value",
    ],
    [
      "the API key by its short form",
      "${env:KM_CLUSTER_NAME}",
      "${KM_API_KEY}",
      "processors.resource.attributes[1].value",
    ],
    ["a variable that isn't ours", "${env:KM_CLUSTER_NAME}", "${env:PATH}", "processors.resource.attributes[1].value"],
    [
      "a service account's file",
      "${env:KM_CLUSTER_NAME}",
      "${file:/var/run/secrets/kubernetes.io/serviceaccount/token}",
      "processors.resource.attributes[1].value",
    ],
    [
      "a document from the network",
      "${env:KM_CLUSTER_NAME}",
      "${https://evil.org/x}",
      "processors.resource.attributes[1].value",
    ],
    ["YAML inside of a value", "${env:KM_CLUSTER_NAME}", "${yaml:a}", "processors.resource.attributes[1].value"],
    [
      "a variable with a default",
      "${env:KM_CLUSTER_NAME}",
      "${env:KM_CLUSTER_NAME:-x}",
      "processors.resource.attributes[1].value",
    ],
    [
      "a variable inside of another",
      "${env:KM_CLUSTER_NAME}",
      "${env:KM_${env:KM_NODE_NAME}}",
      "processors.resource.attributes[1].value",
    ],
    [
      "a variable without its end",
      "${env:KM_CLUSTER_NAME}",
      "${env:KM_CLUSTER_NAME",
      "processors.resource.attributes[1].value",
    ],
    ["a variable without braces", "${env:KM_CLUSTER_NAME}", "$KM_API_KEY", "processors.resource.attributes[1].value"],
    [
      "a variable after three dollar signs",
      "${env:KM_CLUSTER_NAME}",
      "$$${env:KM_API_KEY}",
      "processors.resource.attributes[1].value",
    ],
    [
      "a variable with a space",
      "${env:KM_CLUSTER_NAME}",
      "${env: KM_API_KEY}",
      "processors.resource.attributes[1].value",
    ],
    [
      "a variable read by an expression",
      "if: attributes.level != nil",
      `if: 'env("KM_API_KEY") != ""'`,
      "receivers.filelog/containers.operators[5].if",
    ],
    [
      "a variable read by an expression with spaces",
      "if: attributes.level != nil",
      `if: 'env ("KM_API_KEY") != ""'`,
      "receivers.filelog/containers.operators[5].if",
    ],
    [
      "a variable read between quotes",
      "if: attributes.level != nil",
      `if: '"a"+env("KM_API_KEY")+"b" != ""'`,
      "receivers.filelog/containers.operators[5].if",
    ],
    [
      "a variable read in a range",
      "if: attributes.level != nil",
      "if: '1..env(\"KM_API_KEY\") != nil'",
      "receivers.filelog/containers.operators[5].if",
    ],
    [
      "a variable read after a comment with a quote",
      "if: attributes.level != nil",
      "if: \"/* ' */ env('KM_API_KEY') /* ' */ != ''\"",
      "receivers.filelog/containers.operators[5].if",
    ],
    [
      "a variable read through the whole environment",
      "if: attributes.level != nil",
      'if: \'$env["os_" + "env_func"]("KM_API_KEY") != ""\'',
      "receivers.filelog/containers.operators[5].if",
    ],
    [
      "a variable read by the function's own name",
      "value: info",
      "value: EXPR(os_env_func('KM_API_KEY'))",
      "receivers.filelog/containers.operators[7].value",
    ],
    [
      "a variable added to each record",
      "include_file_path: true",
      "include_file_path: true\n    attributes: { key: 'EXPR(env(\"KM_API_KEY\"))' }",
      "receivers.filelog/containers.attributes.key",
    ],
    [
      "a variable below the top of a value",
      "value: info",
      "value: { a: \"EXPR(env('KM_API_KEY'))\" }",
      "receivers.filelog/containers.operators[7].value",
    ],
  ],
  gateway: [
    [
      "a variable that Prometheus would read",
      "global: { scrape_interval: 30s }",
      'global: { external_labels: { key: "$$KM_API_KEY" } }',
      "receivers.prometheus.config.global.external_labels.key",
    ],
    [
      "a variable that Prometheus would read in braces",
      "global: { scrape_interval: 30s }",
      'global: { external_labels: { key: "$${KM_API_KEY}" } }',
      "receivers.prometheus.config.global.external_labels.key",
    ],
  ],
  cluster: [
    [
      "a variable with a default",
      "[default]",
      '["${env:KM_K8S_MONITORED_NAMESPACES_YAML:-all}"]',
      "receivers.k8s_events.namespaces[0]",
    ],
  ],
};
