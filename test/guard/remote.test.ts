import { describe, expect, test } from "@jest/globals";
import { COMMON_RULES, REMOTE_RULES } from "../../src/config/guard/rule-table.ts";
import { readDocument } from "../../src/config/document.ts";
import { documentOf } from "../../src/config/json-document.ts";
import { judgeRemote } from "../../src/config/remote.ts";
import { at } from "../../src/config/yaml-value.ts";
import type { YamlMap } from "../../src/config/yaml-value.ts";
import { CONTEXT, GATEWAY, judgeText, VENDOR_CLUSTER, VENDOR_NODE } from "./documents.ts";

/** What a text is replaced by, and where the finding must be. */
type BadRow = readonly [name: string, from: string, to: string, rule: string, path: string];

/** The findings for a document after one change. */
function changed(good: string, from: string, to: string, component: "node-agent" | "cluster-agent" = "node-agent") {
  expect(good.split(from).length).toBeGreaterThan(1);
  const verdict = judgeText(
    good.replace(from, () => to),
    { component },
  );
  return verdict.ok ? [] : verdict.findings.map(({ rule, path }) => ({ rule, path }));
}

describe("a remote configuration", () => {
  test.each([
    ["the vendor's default of the node agents", VENDOR_NODE, "node-agent"],
    ["the vendor's default of the cluster agent", VENDOR_CLUSTER, "cluster-agent"],
    ["a gateway as the OpenTelemetry pages show it", GATEWAY, "node-agent"],
  ] as const)("may be %s", (_, text, component) => {
    expect(judgeText(text, { component })).toMatchObject({ ok: true });
  });

  test("comes out the same when it is judged again", () => {
    const once = judgeText(GATEWAY);
    if (!once.ok) throw new Error("refused");
    expect(judgeRemote(once.document, CONTEXT)).toEqual(once);
    expect(readDocument(once.text)).toEqual({ ok: true, document: once.document });
  });

  test("gets our own telemetry in place of what it says of it", () => {
    const verdict = judgeText(GATEWAY);
    expect(verdict.ok && at(verdict.document, "service", "telemetry")).toEqual({
      metrics: { readers: [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: 8888 } } } }] },
    });
  });

  test("gets our limiter where it has none", () => {
    const verdict = judgeText(VENDOR_NODE);
    const first = ["metrics/hostmetrics", "logs/containers"].map(
      (id) => verdict.ok && at(verdict.document, "service", "pipelines", id, "processors"),
    );
    expect(first.map((ids) => Array.isArray(ids) && (ids[0] as unknown))).toEqual(["memory_limiter", "memory_limiter"]);
    expect(verdict.ok && at(verdict.document, "processors", "memory_limiter", "check_interval")).toBe("1s");
  });
});

test("scrapes follow no redirect, whether they say so or not", () => {
  const verdict = judgeText(GATEWAY);
  const scrapes = verdict.ok && at(verdict.document, "receivers", "prometheus", "config", "scrape_configs");
  expect(scrapes).toMatchObject([{ job_name: "shop", follow_redirects: false }]);
});

test("two health endpoints would want the same port", () => {
  const text = GATEWAY.replace(
    "  file_storage:",
    '  health_check/2: { endpoint: "0.0.0.0:13133" }\n  file_storage:',
  ).replace("extensions: [health_check,", "extensions: [health_check, health_check/2,");
  expect(judgeText(text)).toMatchObject({ findings: [{ rule: "health_check", path: "extensions.health_check/2" }] });
});

const GOOD_ROWS: readonly (readonly [name: string, from: string, to: string])[] = [
  ["the short form of a variable", "${env:KM_COLLECTOR_ENDPOINT}", "${KM_COLLECTOR_ENDPOINT}"],
  [
    "a path after the endpoint's variable",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}/otlp",
  ],
  [
    "the endpoint's host in capitals",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    "endpoint: https://OTEL.example.com:4318",
  ],
  [
    "another port of the endpoint's host",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    "endpoint: https://otel.example.com",
  ],
  ["an address that is allowed", "endpoint: ${env:KM_COLLECTOR_ENDPOINT}", "endpoint: https://10.1.2.3:4318"],
  [
    "an address of IPv6 in another spelling",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    'endpoint: "https://[fd12:0:0::0001]:4318"',
  ],
  [
    "an allowed address as IPv4-mapped IPv6",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    'endpoint: "https://[::ffff:10.1.2.3]:4318"',
  ],
  ["a whole number that came through floating point", "send_batch_size: 10000", "send_batch_size: 1.0e+04"],
  [
    "kubelet by the node's address",
    "endpoint: ${env:KM_NODE_NAME}:10250",
    "endpoint: https://${env:KM_NODE_HOST_IP}:10250",
  ],
  [
    "braces around plain words",
    "include: [/var/log/pods/*/*/*.log]",
    'include: ["/var/log/pods/{shop,web}_*/**/*.{log,txt}"]',
  ],
  [
    "an attribute that is called env",
    "parse_from: attributes.level, if: attributes.level != nil",
    "parse_from: attributes.level, if: 'attributes.env != nil && attributes[\"env\"] != 1'",
  ],
  ["a dollar sign at the end of a pattern", '"^[0-9]{4}-[0-9]{2}-[0-9]{2}|^{"', '"x$"'],
  ["a component that is defined and not used", "processors:\n", "processors:\n  batch/unused: {}\n"],
  ["no health endpoint, for it is added", "extensions: [health_check]", "extensions: []"],
  [
    "what it says of the collector's own telemetry",
    "service:\n",
    "service:\n  telemetry: { metrics: { readers: [{ periodic: { exporter: { otlp: { endpoint: 'http://evil' } } } }] } }\n",
  ],
];

/** Bad ones, one change away from the vendor's default of the node agents. */
const NODE_ROWS: readonly BadRow[] = [
  // Hosts, in every spelling.
  ...[
    ["a foreign host", "https://evil.example.org"],
    ["a foreign host by http", "http://evil.example.org"],
    ["a host that begins like ours", "https://otel.example.com.evil.org"],
    ["a host that ends like ours", "https://evil-otel.example.com"],
    ["a subdomain of ours", "https://a.otel.example.com"],
    ["our host with a dot at its end", "https://otel.example.com.:4318"],
    ["our host as a user", "https://otel.example.com@evil.org"],
    ["our host as user and password", "https://otel.example.com:4318@evil.org"],
    ["a user at our host", "https://user:secret@otel.example.com"],
    ["our host behind a backslash", "https://evil.org\\\\@otel.example.com"],
    ["our host in the query", "https://evil.org/?otel.example.com"],
    ["our host in the fragment", "https://evil.org/#otel.example.com"],
    ["a query at our host", "https://otel.example.com/?x=1"],
    ["an escaped host", "https://%6f%74el.example.com"],
    ["a host of full-width letters", "https://ｏtel.example.com"],
    ["our variable as the beginning of a host", "${env:KM_COLLECTOR_ENDPOINT}.evil.org"],
    ["our variable as a user", "${env:KM_COLLECTOR_ENDPOINT}@evil.org"],
    ["our variable as a path", "https://evil.org/${env:KM_COLLECTOR_ENDPOINT}"],
    ["another variable as host", "https://${env:KM_NODE_NAME}:4318"],
    ["the metadata service", "http://169.254.169.254/"],
    ["a link-local address that the KmAgent lists", "https://169.254.1.1"],
    ["the metadata service in decimal", "http://2852039166/"],
    ["the metadata service in hexadecimal", "http://0xa9fea9fe/"],
    ["the metadata service in octal", "http://0251.0376.0251.0376/"],
    ["the metadata service in mixed parts", "http://169.254.43518/"],
    ["the metadata service as IPv4-mapped IPv6", "http://[::ffff:169.254.169.254]/"],
    ["the metadata service as IPv4-mapped IPv6 in hexadecimal", "http://[::ffff:a9fe:a9fe]/"],
    ["the metadata service by NAT64", "http://[64:ff9b::a9fe:a9fe]/"],
    ["the metadata service by 6to4", "http://[2002:a9fe:a9fe::]/"],
    ["a link-local address of IPv6", "http://[fe80::1]/"],
    ["a link-local address of IPv6 with a zone", "http://[fe80::1%25eth0]/"],
    ["the metadata service of AWS over IPv6", "http://[fd00:ec2::254]/"],
    ["the metadata service by name", "http://metadata.google.internal/"],
    ["the loopback", "http://127.0.0.1:10248/"],
    ["the loopback in short", "http://127.1/"],
    ["the loopback by name", "http://localhost:13133/"],
    ["the loopback of IPv6", "http://[::1]/"],
    ["the unspecified address", "http://0.0.0.0:8888/"],
    ["a socket", "unix:///var/run/docker.sock"],
    ["a resolver of gRPC", "dns://8.8.8.8/otel.example.com"],
    ["xDS", "xds:///otel.example.com"],
    ["a file", "file:///etc/passwd"],
    ["no scheme", "otel.example.com:4318"],
    ["the port zero", "https://otel.example.com:0"],
    ["a port beyond all", "https://otel.example.com:70000"],
    ["a space at its end", "https://otel.example.com "],
    ["a line break in it", "https://otel.example.com\\n.evil.org"],
    ["nothing", ""],
  ].map(([name, to]): BadRow => [
    `an exporter to ${name ?? ""}`,
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    `endpoint: "${to ?? ""}"`,
    "hosts",
    "exporters.otlphttp.endpoint",
  ]),
  ...["traces", "metrics", "logs", "profiles"].map((signal): BadRow => [
    `a foreign host for ${signal} alone`,
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    `endpoint: "\${env:KM_COLLECTOR_ENDPOINT}"\n    ${signal}_endpoint: https://evil.example.org`,
    "hosts",
    `exporters.otlphttp.${signal}_endpoint`,
  ]),
  [
    "the API key in clear text",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    "endpoint: http://otel.example.com:4318",
    "hosts",
    "exporters.otlphttp.endpoint",
  ],
  [
    "an endpoint that isn't a text",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    "endpoint: 4318",
    "hosts",
    "exporters.otlphttp.endpoint",
  ],
  [
    "an exporter without an endpoint",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}\n",
    "timeout: 5s\n",
    "settings",
    "exporters.otlphttp.endpoint",
  ],
  // Variables.
  [
    "the API key as another header",
    "Authorization: ${env:KM_API_KEY}",
    "X-Key: ${env:KM_API_KEY}",
    "environment",
    "exporters.otlphttp.headers.X-Key",
  ],
  [
    "the API key inside a header",
    "Authorization: ${env:KM_API_KEY}",
    "Authorization: x${env:KM_API_KEY}",
    "environment",
    "exporters.otlphttp.headers.Authorization",
  ],
  [
    "the API key as an attribute",
    "${env:KM_CLUSTER_NAME}",
    "${env:KM_API_KEY}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "the API key by its short form",
    "${env:KM_CLUSTER_NAME}",
    "${KM_API_KEY}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a variable that isn't ours",
    "${env:KM_CLUSTER_NAME}",
    "${env:PATH}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a service account's file",
    "${env:KM_CLUSTER_NAME}",
    "${file:/var/run/secrets/kubernetes.io/serviceaccount/token}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a document from the network",
    "${env:KM_CLUSTER_NAME}",
    "${https://evil.org/x}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "YAML inside of a value",
    "${env:KM_CLUSTER_NAME}",
    "${yaml:a}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a variable with a default",
    "${env:KM_CLUSTER_NAME}",
    "${env:KM_CLUSTER_NAME:-x}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a variable inside of another",
    "${env:KM_CLUSTER_NAME}",
    "${env:KM_${env:KM_NODE_NAME}}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a variable without its end",
    "${env:KM_CLUSTER_NAME}",
    "${env:KM_CLUSTER_NAME",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a variable without braces",
    "${env:KM_CLUSTER_NAME}",
    "$KM_API_KEY",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a variable after three dollar signs",
    "${env:KM_CLUSTER_NAME}",
    "$$${env:KM_API_KEY}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a variable with a space",
    "${env:KM_CLUSTER_NAME}",
    "${env: KM_API_KEY}",
    "environment",
    "processors.resource.attributes[1].value",
  ],
  [
    "a variable in a key",
    "Authorization:",
    '"${env:KM_NODE_NAME}":',
    "text",
    'exporters.otlphttp.headers["${env:KM_NODE_NAME}"]',
  ],
  [
    "a variable read by a processor",
    "node_from_env_var: KM_NODE_NAME",
    "node_from_env_var: KM_API_KEY",
    "settings",
    "processors.k8sattributes.filter.node_from_env_var",
  ],
  [
    "a variable read by an expression",
    "if: attributes.level != nil",
    `if: 'env("KM_API_KEY") != ""'`,
    "environment",
    "receivers.filelog/containers.operators[5].if",
  ],
  [
    "a variable read by an expression with spaces",
    "if: attributes.level != nil",
    `if: 'env ("KM_API_KEY") != ""'`,
    "environment",
    "receivers.filelog/containers.operators[5].if",
  ],
  [
    "a variable read between quotes",
    "if: attributes.level != nil",
    `if: '"a"+env("KM_API_KEY")+"b" != ""'`,
    "environment",
    "receivers.filelog/containers.operators[5].if",
  ],
  [
    "a variable read in a range",
    "if: attributes.level != nil",
    "if: '1..env(\"KM_API_KEY\") != nil'",
    "environment",
    "receivers.filelog/containers.operators[5].if",
  ],
  [
    "a variable read after a comment with a quote",
    "if: attributes.level != nil",
    "if: \"/* ' */ env('KM_API_KEY') /* ' */ != ''\"",
    "environment",
    "receivers.filelog/containers.operators[5].if",
  ],
  [
    "a variable read through the whole environment",
    "if: attributes.level != nil",
    'if: \'$env["os_" + "env_func"]("KM_API_KEY") != ""\'',
    "environment",
    "receivers.filelog/containers.operators[5].if",
  ],
  [
    "a variable read by the function's own name",
    "value: info",
    "value: EXPR(os_env_func('KM_API_KEY'))",
    "environment",
    "receivers.filelog/containers.operators[7].value",
  ],
  [
    "a variable added to each record",
    "include_file_path: true",
    "include_file_path: true\n    attributes: { key: 'EXPR(env(\"KM_API_KEY\"))' }",
    "environment",
    "receivers.filelog/containers.attributes.key",
  ],
  [
    "a variable below the top of a value",
    "value: info",
    "value: { a: \"EXPR(env('KM_API_KEY'))\" }",
    "environment",
    "receivers.filelog/containers.operators[7].value",
  ],
  // Files.
  ...[
    ["a file of the node", "/etc/passwd"],
    ["a service account's token", "/var/run/secrets/kubernetes.io/serviceaccount/token"],
    ["the node's root", "/hostfs/etc/shadow"],
    ["all logs of the node", "/var/log/*.log"],
    ["the directory itself", "/var/log/pods/"],
    ["a directory that begins like it", "/var/log/pods-evil/*.log"],
    ["a path that leads upwards", "/var/log/pods/../../../etc/passwd"],
    ["a path that leads upwards late", "/var/log/pods/*/../../secret"],
    ["a path that leads upwards by braces", "/var/log/pods/{..,x}/{..,x}/secret"],
    ["a path that leads upwards by an empty choice", "/var/log/pods/.{,x}./.{,x}./secret"],
    ["a path that leads upwards by escapes", "/var/log/pods/\\\\.\\\\./secret"],
    ["braces with a slash", "/var/log/pods/{a,b/../../..}/x"],
    ["a relative path", "var/log/pods/x.log"],
    ["a path with a variable", "/var/log/pods/${env:KM_NODE_NAME}/x.log"],
    ["a glob from the root", "/**/*.log"],
  ].map(([name, to]): BadRow => [
    `logs of ${name ?? ""}`,
    "include: [/var/log/pods/*/*/*.log]",
    `include: ["${to ?? ""}"]`,
    "paths",
    "receivers.filelog/containers.include[0]",
  ]),
  [
    "logs of nothing",
    "include: [/var/log/pods/*/*/*.log]",
    "include: []",
    "settings",
    "receivers.filelog/containers.include",
  ],
  [
    "logs that are deleted",
    "include_file_path: true",
    "delete_after_read: true",
    "refused",
    "receivers.filelog/containers.delete_after_read",
  ],
  [
    "an operator that writes files",
    "{ type: flatten, field: attributes.nested, if: attributes.nested != nil }",
    "{ type: file_output, path: /tmp/x }",
    "refused",
    "receivers.filelog/containers.operators[3].type",
  ],
  [
    "an operator that reads files",
    "{ type: flatten, field: attributes.nested, if: attributes.nested != nil }",
    "{ type: file_input, include: [/etc/passwd] }",
    "refused",
    "receivers.filelog/containers.operators[3].type",
  ],
  [
    "an operator that listens",
    "{ type: flatten, field: attributes.nested, if: attributes.nested != nil }",
    "{ type: tcp_input, listen_address: '0.0.0.0:9999' }",
    "refused",
    "receivers.filelog/containers.operators[3].type",
  ],
  [
    "an operator without a type",
    "{ type: flatten, field: attributes.nested, if: attributes.nested != nil }",
    "{ field: x }",
    "settings",
    "receivers.filelog/containers.operators[3].type",
  ],
  [
    "a recombination without bound",
    "combine_field: body,",
    "combine_field: body, max_batch_size: 1000000,",
    "limits",
    "receivers.filelog/containers.operators[1].max_batch_size",
  ],
  [
    "another directory's metrics",
    "collection_interval: 60s",
    "root_path: /proc/1/root",
    "settings",
    "receivers.hostmetrics.root_path",
  ],
  // Kubelet and detectors.
  ["another node's kubelet", "${env:KM_NODE_NAME}:10250", "10.0.0.1:10250", "hosts", "receivers.kubeletstats.endpoint"],
  [
    "another port of the node",
    "${env:KM_NODE_NAME}:10250",
    "${env:KM_NODE_NAME}:2379",
    "hosts",
    "receivers.kubeletstats.endpoint",
  ],
  [
    "kubelet by a file's certificate",
    "auth_type: serviceAccount\n    insecure",
    "auth_type: tls\n    insecure",
    "settings",
    "receivers.kubeletstats.auth_type",
  ],
  [
    "kubelet with a file",
    "insecure_skip_verify: true",
    "ca_file: /etc/x",
    "settings",
    "receivers.kubeletstats.ca_file",
  ],
  [
    "a detector that asks the metadata service",
    "detectors: [env, system]",
    "detectors: [env, ec2]",
    "refused",
    "processors.resourcedetection.detectors[1]",
  ],
  [
    "a detector that asks a host",
    "timeout: 5s }",
    "timeout: 5s, consul: { address: evil.org } }",
    "settings",
    "processors.resourcedetection.consul",
  ],
  [
    "look-ups of the host's name",
    "timeout: 5s }",
    "timeout: 5s, system: { hostname_sources: [lookup] } }",
    "settings",
    "processors.resourcedetection.system.hostname_sources[0]",
  ],
  [
    "a kubeconfig of the node",
    "auth_type: serviceAccount\n    passthrough",
    "auth_type: kubeConfig\n    passthrough",
    "settings",
    "processors.k8sattributes.auth_type",
  ],
  // Exporter settings.
  ...[
    ["unverified certificates", "tls: { insecure_skip_verify: true }", "refused", "tls.insecure_skip_verify"],
    ["no encryption", "tls: { insecure: true }", "refused", "tls.insecure"],
    ["a certificate's file", "tls: { ca_file: /etc/shadow }", "refused", "tls.ca_file"],
    ["a key's file", "tls: { key_file: /etc/shadow }", "refused", "tls.key_file"],
    ["another server's name", "tls: { server_name_override: evil.org }", "refused", "tls.server_name_override"],
    ["an unknown setting of TLS", "tls: { insecure_skip: true }", "settings", "tls.insecure_skip"],
    ["a proxy", "proxy_url: http://evil.org", "refused", "proxy_url"],
    ["an authenticator", "auth: { authenticator: bearertokenauth }", "refused", "auth"],
    ["middlewares", "middlewares: [{ id: x }]", "refused", "middlewares"],
    ["an unknown setting", "endpoints: [https://evil.org]", "settings", "endpoints"],
    ["a setting by a path in its key", '"tls::insecure": true', "text", '["tls::insecure"]'],
    ["a queue without bound", "sending_queue: { queue_size: 100000 }", "limits", "sending_queue.queue_size"],
    [
      "a queue of too many bytes",
      "sending_queue: { sizer: bytes, queue_size: 1000000000 }",
      "limits",
      "sending_queue.queue_size",
    ],
    ["a thousand consumers", "sending_queue: { num_consumers: 1000 }", "limits", "sending_queue.num_consumers"],
    ["half a consumer", "sending_queue: { num_consumers: 0.5 }", "settings", "sending_queue.num_consumers"],
    [
      "a queue kept in a foreign storage",
      "sending_queue: { storage: redis_storage }",
      "storage",
      "sending_queue.storage",
    ],
    [
      "a queue kept in a storage that isn't there",
      "sending_queue: { storage: file_storage }",
      "storage",
      "sending_queue.storage",
    ],
    ["a time limit that is a number", "timeout: 30", "settings", "timeout"],
    ["a time limit without its unit", 'timeout: "30"', "settings", "timeout"],
    ["a time limit of a year", "timeout: 9000h", "limits", "timeout"],
    [
      "retries a hundred times a second",
      "retry_on_failure: { initial_interval: 10ms }",
      "limits",
      "retry_on_failure.initial_interval",
    ],
    ["a flag that is a text", 'retry_on_failure: { enabled: "yes" }', "settings", "retry_on_failure.enabled"],
    ["an unknown compression", "compression: rot13", "settings", "compression"],
  ].map(([name, to, rule, place]): BadRow => [
    `an exporter with ${name ?? ""}`,
    "    headers:\n",
    `    ${to ?? ""}\n    headers:\n`,
    rule ?? "",
    place?.startsWith("[") === true ? `exporters.otlphttp${place}` : `exporters.otlphttp.${place ?? ""}`,
  ]),
  [
    "a header that names another host",
    "Authorization: ${env:KM_API_KEY}",
    "Host: evil.org",
    "refused",
    "exporters.otlphttp.headers.Host",
  ],
  [
    "a header with a line break",
    "Authorization: ${env:KM_API_KEY}",
    'X-A: "a\\r\\nHost: evil.org"',
    "settings",
    "exporters.otlphttp.headers.X-A",
  ],
  [
    "a header that is a number",
    "Authorization: ${env:KM_API_KEY}",
    "X-A: 5",
    "settings",
    "exporters.otlphttp.headers.X-A",
  ],
  [
    "headers that are a list",
    "headers:\n      Authorization: ${env:KM_API_KEY}",
    "headers: [a]",
    "settings",
    "exporters.otlphttp.headers",
  ],
  // Components.
  ...[
    ["receivers", "httpcheck", "{ targets: [{ endpoint: 'http://169.254.169.254' }] }"],
    ["receivers", "syslog", "{ tcp: { listen_address: '0.0.0.0:54526' }, protocol: rfc5424 }"],
    ["receivers", "netflow", "{}"],
    ["receivers", "fluentforward", "{ endpoint: '0.0.0.0:8006' }"],
    ["receivers", "sqlquery", "{ driver: postgres, datasource: 'host=evil.org' }"],
    ["receivers", "awscloudwatch", "{ region: eu-west-1 }"],
    ["receivers", "awsecscontainermetrics", "{}"],
    ["receivers", "googlecloudmonitoring", "{}"],
    ["receivers", "ebpfreceiver", "{}"],
    ["processors", "isolationforest", "{}"],
    ["extensions", "zpages", "{ endpoint: '0.0.0.0:55679' }"],
  ].map(([kind, type, settings]): BadRow => {
    const section = `${kind ?? ""}:\n`;
    return [
      `the component ${type ?? ""}`,
      section,
      `${section}  ${type ?? ""}: ${settings ?? ""}\n`,
      "components",
      `${kind ?? ""}.${type ?? ""}`,
    ];
  }),
  [
    "a component that the image lacks",
    "receivers:\n",
    "receivers:\n  receiver_creator: {}\n",
    "components",
    "receivers.receiver_creator",
  ],
  [
    "storage outside of the agent's directory",
    "extensions:\n",
    "extensions:\n  file_storage: { directory: /hostfs/tmp }\n",
    "storage",
    "extensions.file_storage.directory",
  ],
  [
    "storage that compacts elsewhere",
    "extensions:\n",
    "extensions:\n  file_storage: { directory: /var/lib/kmagent, compaction: { directory: /tmp } }\n",
    "storage",
    "extensions.file_storage.compaction.directory",
  ],
  [
    "a debug exporter that prints everything",
    "exporters:\n",
    "exporters:\n  debug: { verbosity: detailed }\n",
    "settings",
    "exporters.debug.verbosity",
  ],
  [
    "a debug exporter that writes files",
    "exporters:\n",
    "exporters:\n  debug: { output_paths: [/tmp/x] }\n",
    "refused",
    "exporters.debug.output_paths",
  ],
  // Bounds.
  [
    "scrapes a hundred times a second",
    "collection_interval: 60s",
    "collection_interval: 10ms",
    "limits",
    "receivers.hostmetrics.collection_interval",
  ],
  [
    "an interval that is a number",
    "collection_interval: 60s",
    "collection_interval: 60",
    "settings",
    "receivers.hostmetrics.collection_interval",
  ],
  [
    "logs looked for all the time",
    "poll_interval: 10s",
    "poll_interval: 1ms",
    "limits",
    "receivers.filelog/containers.poll_interval",
  ],
  [
    "log lines of a gigabyte",
    "max_log_size: 1MiB",
    "max_log_size: 1GiB",
    "limits",
    "receivers.filelog/containers.max_log_size",
  ],
  [
    "a batch of a billion",
    "send_batch_size: 10000",
    "send_batch_size: 1000000000",
    "limits",
    "processors.batch.send_batch_size",
  ],
  [
    "a batch of a fraction",
    "send_batch_size: 10000",
    "send_batch_size: 10000.5",
    "settings",
    "processors.batch.send_batch_size",
  ],
  [
    "a batch beyond all integers",
    "send_batch_size: 10000",
    "send_batch_size: 99999999999999999999",
    "limits",
    "processors.batch.send_batch_size",
  ],
  [
    "a batch smaller than it waits for",
    "send_batch_size: 10000",
    "send_batch_size: 10000, send_batch_max_size: 10",
    "limits",
    "processors.batch.send_batch_max_size",
  ],
  ["a batch that waits a day", "timeout: 10s", "timeout: 24h", "limits", "processors.batch.timeout"],
  ["a scraper that isn't there", "{ cpu: {},", "{ nvme: {},", "settings", "receivers.hostmetrics.scrapers.nvme"],
  [
    "no scrapers",
    "scrapers: { cpu: {}, disk: {}, filesystem: {}, load: {}, memory: {}, network: {}, paging: {}, process: {}, processes: {}, system: {} }",
    "scrapers: {}",
    "settings",
    "receivers.hostmetrics.scrapers",
  ],
  [
    "an action that isn't there",
    "action: insert }, { key: k8s",
    "action: exec }, { key: k8s",
    "settings",
    "processors.resource.attributes[0].action",
  ],
  [
    "a transformation without its name",
    'action: insert, new_name: "host.$${1}"',
    "action: insert",
    "settings",
    "processors.metricstransform/system.transforms[0].new_name",
  ],
  [
    "an attribute from two places",
    "from_attribute: k8s.node.uid, action",
    "from_attribute: k8s.node.uid, value: x, action",
    "settings",
    "processors.resource.attributes[0]",
  ],
  [
    "an attribute from nowhere",
    "from_attribute: k8s.node.uid, action",
    "action",
    "settings",
    "processors.resource.attributes[0]",
  ],
  [
    "a kind of metric that has no delta",
    "match_type: strict",
    "match_type: strict, metric_types: [gauge]",
    "settings",
    "processors.cumulativetodelta.include.metric_types[0]",
  ],
  [
    "a statement that is none",
    `'set(attributes["os.type"], "linux")'`,
    "linux",
    "settings",
    "processors.transform/ostype.metric_statements[0].statements[0]",
  ],
  [
    "a retry that ends before it begins",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    'endpoint: "${env:KM_COLLECTOR_ENDPOINT}"\n    retry_on_failure: { max_elapsed_time: 10s }',
    "limits",
    "exporters.otlphttp.retry_on_failure.max_elapsed_time",
  ],
  [
    "a level that its compression doesn't have",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    'endpoint: "${env:KM_COLLECTOR_ENDPOINT}"\n    compression_params: { level: 11 }',
    "limits",
    "exporters.otlphttp.compression_params.level",
  ],
  [
    "a batch larger than its queue",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    'endpoint: "${env:KM_COLLECTOR_ENDPOINT}"\n    sending_queue: { sizer: items, queue_size: 100, batch: { sizer: items } }',
    "limits",
    "exporters.otlphttp.sending_queue.batch.min_size",
  ],
  ...[
    ["Azure's host", "168.63.129.16"],
    ["credentials of pods at AWS over IPv6", "[fd00:ec2::23]"],
    ["the metadata service of Google over IPv6", "[fd20:ce::254]"],
    ["the metadata service by the older form of IPv4 in IPv6", "[::169.254.169.254]"],
    ["the metadata service by ISATAP", "[fd12::5efe:a9fe:a9fe]"],
    ["a host of the Kelvin sign", "\u212aloud.example.org"],
    ["octets with zeros before them", "169.254.169.0254"],
    ["octets in hexadecimal", "0xa9.0xfe.0xa9.0xfe"],
    ["a number too large for an address", "https://4294967297"],
    ["a space in place of a dot", "otel example com"],
    ["a comma between hosts", "otel.example.com,evil.org"],
    ["a path that leads upwards by an escape", "otel.example.com/%2e%2e"],
    ["a scheme in capitals", "HTTP://otel.example.com"],
  ].map(([name, host = ""]): BadRow => [
    `an exporter to ${name ?? ""}`,
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    `endpoint: "${host.includes("://") ? host : `https://${host}`}"`,
    "hosts",
    "exporters.otlphttp.endpoint",
  ]),
  ...[
    ["many groups of alternatives", "/var/log/pods/{a,b}{a,b}{a,b}{a,b}{a,b}*"],
    ["many depths", "/var/log/pods/**/a/**/b/**/c"],
  ].map(([name, glob]): BadRow => [
    `a path of ${name ?? ""}`,
    "include: [/var/log/pods/*/*/*.log]",
    `include: ["${glob ?? ""}"]`,
    "limits",
    "receivers.filelog/containers.include[0]",
  ]),
  [
    "a path left out by many groups of alternatives",
    '"/**/*.gz"',
    `"${"{a,b}".repeat(50)}"`,
    "limits",
    "receivers.filelog/containers.exclude[0]",
  ],
  [
    "records handed to an operator that isn't there",
    "{ type: container, id: container-parser }",
    "{ type: container, id: container-parser, output: nowhere }",
    "references",
    "receivers.filelog/containers.operators[0]",
  ],
  [
    "a part of a record that isn't there",
    "parse_from: attributes.time",
    "parse_from: environment.time",
    "settings",
    "receivers.filelog/containers.operators[4].parse_from",
  ],
  [
    "logs in a pipeline of metrics",
    "metrics/kubeletstats: { receivers: [kubeletstats]",
    "metrics/kubeletstats: { receivers: [filelog/containers]",
    "signals",
    "service.pipelines.metrics/kubeletstats.receivers[0]",
  ],
  [
    "a processor of metrics in a pipeline of logs",
    "processors: [groupbyattrs/filelog,",
    "processors: [deltatorate, groupbyattrs/filelog,",
    "signals",
    "service.pipelines.logs/containers.processors[1]",
  ],
  [
    "a character that isn't printable",
    "tag_name: app",
    'tag_name: "a\\u0000b"',
    "text",
    "processors.k8sattributes.extract.labels[0].tag_name",
  ],
  [
    "a setting of a list",
    "batch: { send_batch_size: 10000, timeout: 10s }",
    "batch: [1]",
    "components",
    "processors.batch",
  ],
];

/** Bad ones, one change away from the gateway. */
const GATEWAY_ROWS: readonly BadRow[] = [
  [
    "a listener on another port",
    '"0.0.0.0:4317"',
    '"0.0.0.0:9999"',
    "listeners",
    "receivers.otlp.protocols.grpc.endpoint",
  ],
  [
    "a listener on the health port",
    '"0.0.0.0:4318"',
    '"0.0.0.0:13133"',
    "listeners",
    "receivers.otlp.protocols.http.endpoint",
  ],
  [
    "a listener on a foreign address",
    '"0.0.0.0:4317"',
    '"10.0.0.1:4317"',
    "listeners",
    "receivers.otlp.protocols.grpc.endpoint",
  ],
  [
    "a listener on a socket",
    'endpoint: "0.0.0.0:4317"',
    "endpoint: /tmp/x.sock, transport: unix",
    "listeners",
    "receivers.otlp.protocols.grpc.endpoint",
  ],
  [
    "a socket as transport",
    'grpc: { endpoint: "0.0.0.0:4317" }',
    "grpc: { transport: unix }",
    "settings",
    "receivers.otlp.protocols.grpc.transport",
  ],
  [
    "a listener with a key's file",
    'grpc: { endpoint: "0.0.0.0:4317" }',
    "grpc: { tls: { key_file: /x } }",
    "refused",
    "receivers.otlp.protocols.grpc.tls",
  ],
  [
    "no protocol",
    'protocols: { grpc: { endpoint: "0.0.0.0:4317" }, http: { endpoint: "0.0.0.0:4318" } }',
    "protocols: {}",
    "settings",
    "receivers.otlp.protocols",
  ],
  [
    "a protocol that isn't there",
    "protocols: { grpc",
    "protocols: { thrift: {}, grpc",
    "settings",
    "receivers.otlp.protocols.thrift",
  ],
  [
    "discovery of targets",
    "static_configs: [{",
    "kubernetes_sd_configs: [{ role: pod }]\n          static_configs: [{",
    "settings",
    "receivers.prometheus.config.scrape_configs[0].kubernetes_sd_configs",
  ],
  [
    "targets from a file",
    "static_configs: [{",
    "file_sd_configs: [{ files: [/etc/x] }]\n          static_configs: [{",
    "settings",
    "receivers.prometheus.config.scrape_configs[0].file_sd_configs",
  ],
  [
    "targets from the network",
    "static_configs: [{",
    "http_sd_configs: [{ url: 'http://evil.org' }]\n          static_configs: [{",
    "settings",
    "receivers.prometheus.config.scrape_configs[0].http_sd_configs",
  ],
  [
    "relabelling of the address",
    "static_configs: [{",
    "relabel_configs: [{ target_label: __address__, replacement: evil.org }]\n          static_configs: [{",
    "settings",
    "receivers.prometheus.config.scrape_configs[0].relabel_configs",
  ],
  [
    "a label that is the address",
    "{ team: shop }",
    "{ __address__: evil.org }",
    "hosts",
    "receivers.prometheus.config.scrape_configs[0].static_configs[0].labels.__address__",
  ],
  [
    "credentials of a scrape",
    "metrics_path: /metrics",
    "bearer_token_file: /var/run/secrets/token",
    "settings",
    "receivers.prometheus.config.scrape_configs[0].bearer_token_file",
  ],
  [
    "basic credentials of a scrape",
    "metrics_path: /metrics",
    "basic_auth: { password_file: /x }",
    "settings",
    "receivers.prometheus.config.scrape_configs[0].basic_auth",
  ],
  [
    "a proxy of a scrape",
    "metrics_path: /metrics",
    "proxy_url: http://evil.org",
    "settings",
    "receivers.prometheus.config.scrape_configs[0].proxy_url",
  ],
  [
    "a scrape that follows redirects",
    "metrics_path: /metrics",
    "follow_redirects: true",
    "hosts",
    "receivers.prometheus.config.scrape_configs[0].follow_redirects",
  ],
  [
    "a path with a host",
    "metrics_path: /metrics",
    "metrics_path: http://evil.org/",
    "settings",
    "receivers.prometheus.config.scrape_configs[0].metrics_path",
  ],
  [
    "a target on a foreign host",
    '"db.example.com:9100"',
    '"evil.org:9100"',
    "hosts",
    "receivers.prometheus.config.scrape_configs[0].static_configs[0].targets[0]",
  ],
  [
    "a target on the loopback",
    '"db.example.com:9100"',
    '"127.0.0.1:10249"',
    "hosts",
    "receivers.prometheus.config.scrape_configs[0].static_configs[0].targets[0]",
  ],
  [
    "a metadata name that the KmAgent lists",
    '"db.example.com:9100"',
    '"metadata.google.internal:80"',
    "hosts",
    "receivers.prometheus.config.scrape_configs[0].static_configs[0].targets[0]",
  ],
  [
    "a number as address that the KmAgent lists",
    '"db.example.com:9100"',
    '"2852039166:80"',
    "hosts",
    "receivers.prometheus.config.scrape_configs[0].static_configs[0].targets[0]",
  ],
  [
    "rules of Prometheus",
    "global: { scrape_interval: 30s }",
    "rule_files: [/x]",
    "settings",
    "receivers.prometheus.config.rule_files",
  ],
  [
    "remote writing",
    "global: { scrape_interval: 30s }",
    "remote_write: [{ url: 'http://evil.org' }]",
    "settings",
    "receivers.prometheus.config.remote_write",
  ],
  [
    "a scrape a hundred times a second",
    "scrape_interval: 30s",
    "scrape_interval: 10ms",
    "limits",
    "receivers.prometheus.config.global.scrape_interval",
  ],
  [
    "a target allocator",
    "prometheus:\n",
    "prometheus:\n    target_allocator: { endpoint: 'http://evil.org' }\n",
    "settings",
    "receivers.prometheus.target_allocator",
  ],
  ["a database on a foreign host", '"db.example.com:3306"', '"evil.org:3306"', "hosts", "receivers.mysql.endpoint"],
  [
    "a database on the exporters' host",
    '"db.example.com:3306"',
    '"gateway.example.com:3306"',
    "hosts",
    "receivers.mysql.endpoint",
  ],
  ["a database by a socket", '"db.example.com:3306"', '"/var/run/mysqld.sock"', "hosts", "receivers.mysql.endpoint"],
  [
    "a database by a socket's transport",
    'endpoint: "db.example.com:3306"',
    'endpoint: "db.example.com:3306", transport: unix',
    "settings",
    "receivers.mysql.transport",
  ],
  [
    "a database at its default address",
    'mysql: { endpoint: "db.example.com:3306", ',
    "mysql: { ",
    "settings",
    "receivers.mysql.endpoint",
  ],
  [
    "a database without encryption where it is asked for",
    "password: secret,",
    "tls: { insecure: true },",
    "refused",
    "receivers.mysql.tls.insecure",
  ],
  [
    "a user in a URL",
    '"http://db.example.com/status"',
    '"http://a:b@db.example.com/status"',
    "hosts",
    "receivers.nginx.endpoint",
  ],
  [
    "one of many hosts that is foreign",
    '[{ endpoint: "10.1.2.4:27017" }]',
    '[{ endpoint: "10.1.2.4:27017" }, { endpoint: "10.1.2.5:27017" }]',
    "hosts",
    "receivers.mongodb.hosts[1].endpoint",
  ],
  [
    "a gateway on a foreign host",
    '"gateway.example.com:4317"',
    '"evil.org:4317"',
    "hosts",
    "exporters.otlp/gateway.endpoint",
  ],
  [
    "a gateway by a resolver",
    '"gateway.example.com:4317"',
    '"dns:///gateway.example.com:4317"',
    "hosts",
    "exporters.otlp/gateway.endpoint",
  ],
  [
    "a gateway by another resolver",
    '"gateway.example.com:4317"',
    '"passthrough:///gateway.example.com:4317"',
    "hosts",
    "exporters.otlp/gateway.endpoint",
  ],
  [
    "a gateway under another name",
    'tls: { insecure: false, min_version: "1.2" }',
    "authority: evil.org",
    "refused",
    "exporters.otlp/gateway.authority",
  ],
  ["old TLS", 'min_version: "1.2"', 'min_version: "1.0"', "settings", "exporters.otlp/gateway.tls.min_version"],
  [
    "a limiter that isn't first",
    "[memory_limiter, filter/quiet,",
    "[filter/quiet, memory_limiter,",
    "memory_limiter",
    "service.pipelines.traces.processors",
  ],
  [
    "a limiter that limits nothing",
    "limit_percentage: 80, spike_limit_percentage: 20",
    "limit_mib: 0",
    "settings",
    "processors.memory_limiter.limit_percentage",
  ],
  [
    "a limiter at all memory",
    "limit_percentage: 80",
    "limit_percentage: 100",
    "limits",
    "processors.memory_limiter.limit_percentage",
  ],
  [
    "a limiter that looks all the time",
    "check_interval: 1s",
    "check_interval: 1ms",
    "limits",
    "processors.memory_limiter.check_interval",
  ],
  [
    "a limiter whose spike is its limit",
    "spike_limit_percentage: 20",
    "spike_limit_percentage: 80",
    "limits",
    "processors.memory_limiter.spike_limit_percentage",
  ],
  [
    "too many dimensions",
    "dimensions: [{ name: http.method, default: GET }]",
    `dimensions: [${Array.from({ length: 17 }, (_, i) => `{ name: a${i} }`).join(", ")}]`,
    "limits",
    "connectors.spanmetrics.dimensions",
  ],
  [
    "a cache without bound",
    "metrics_flush_interval: 15s",
    "dimensions_cache_size: 100000000",
    "limits",
    "connectors.spanmetrics.dimensions_cache_size",
  ],
  [
    "a flush a hundred times a second",
    "metrics_flush_interval: 15s",
    "metrics_flush_interval: 10ms",
    "limits",
    "connectors.spanmetrics.metrics_flush_interval",
  ],
  ...[
    ["a host in a user's name", "username: reader", "username: 'reader host=evil.org'", "username"],
    ["a host in a password", "password: secret", "password: 'x host=evil.org'", "password"],
    ["a host in a database's name", "password: secret", "database: 'a@tcp(evil.org:3306)/x'", "database"],
    ["a driver's setting in a database's name", "password: secret", "database: 'x?allowAllFiles=true'", "database"],
  ].map(([name = "", from = "", to = "", key = ""]): BadRow => [
    `a database with ${name}`,
    from,
    to,
    "settings",
    `receivers.mysql.${key}`,
  ]),
  [
    "a variable that Prometheus would read",
    "global: { scrape_interval: 30s }",
    'global: { external_labels: { key: "$$KM_API_KEY" } }',
    "environment",
    "receivers.prometheus.config.global.external_labels.key",
  ],
  [
    "a variable that Prometheus would read in braces",
    "global: { scrape_interval: 30s }",
    'global: { external_labels: { key: "$${KM_API_KEY}" } }',
    "environment",
    "receivers.prometheus.config.global.external_labels.key",
  ],
  [
    "a duration that Prometheus doesn't know",
    "scrape_interval: 30s",
    "scrape_interval: 1.5s",
    "settings",
    "receivers.prometheus.config.global.scrape_interval",
  ],
  [
    "a scrape that may take longer than the time between two",
    "scrape_interval: 30s",
    "scrape_interval: 30s, scrape_timeout: 40s",
    "limits",
    "receivers.prometheus.config.global.scrape_timeout",
  ],
  [
    "a storage that isn't switched on",
    "extensions: [health_check, file_storage]",
    "extensions: [health_check]",
    "storage",
    "receivers.filelog.storage",
  ],
  [
    "a file in free settings",
    "redaction: { allow_all_keys: true",
    "redaction: { rules_file: /etc/passwd",
    "refused",
    "processors.redaction.rules_file",
  ],
  [
    "a socket in free settings",
    "redaction: { allow_all_keys: true",
    "redaction: { x: 'unix:/run/x.sock'",
    "refused",
    "processors.redaction.x",
  ],
  [
    "metrics made of metrics by a connector of traces",
    "receivers: [filelog], processors: [memory_limiter, batch], exporters: [otlphttp/own, debug]",
    "receivers: [filelog], processors: [memory_limiter, batch], exporters: [otlphttp/own, debug, spanmetrics]",
    "signals",
    "service.pipelines.logs.exporters[2]",
  ],
  [
    "an unknown setting of a connector",
    "metrics_flush_interval: 15s",
    "flush: 15s",
    "settings",
    "connectors.spanmetrics.flush",
  ],
  ["an unknown section", "connectors:", "connector:", "sections", "connector"],
  [
    "a reference to nothing",
    "receivers: [otlp]",
    "receivers: [jaeger]",
    "references",
    "service.pipelines.traces.receivers[0]",
  ],
  [
    "the health endpoint on another port",
    '"0.0.0.0:13133"',
    '"0.0.0.0:13134"',
    "health_check",
    "extensions.health_check.endpoint",
  ],
  ["an alias", "mysql: {", "mysql: &x {", "yaml-alias", "receivers.mysql"],
  [
    "a key twice",
    "collection_interval: 10s }\n  nginx",
    "collection_interval: 10s, password: x }\n  nginx",
    "yaml-key",
    "receivers.mysql.password",
  ],
];

test("every rule that a row names is in the reference, and every rule of remote configurations is tried", () => {
  const tried = new Set([...NODE_ROWS, ...GATEWAY_ROWS].map(([, , , rule]) => rule));
  expect([...tried].filter((rule) => !(rule in COMMON_RULES) && !(rule in REMOTE_RULES))).toEqual([]);
  // JSON has tests of its own.
  expect(Object.keys(REMOTE_RULES).filter((rule) => !tried.has(rule))).toEqual(["json"]);
});

test("there are at least 150 of them", () => {
  expect(GOOD_ROWS.length + NODE_ROWS.length + GATEWAY_ROWS.length).toBeGreaterThan(150);
});

describe("one change away from the vendor's default, a remote configuration", () => {
  test.each(GOOD_ROWS)("may have %s", (_, from, to) => {
    expect(changed(VENDOR_NODE, from, to)).toEqual([]);
  });

  test.each(NODE_ROWS)("may not have %s", (_, from, to, rule, path) => {
    expect(changed(VENDOR_NODE, from, to)).toContainEqual({ rule, path });
  });
});

describe("one change away from a gateway, a remote configuration", () => {
  test.each(GATEWAY_ROWS)("may not have %s", (_, from, to, rule, path) => {
    expect(changed(GATEWAY, from, to)).toContainEqual({ rule, path });
  });

  test("may not listen on one port twice", () => {
    const two = GATEWAY.replace(
      "receivers:\n  otlp:",
      "receivers:\n  otlp/2: { protocols: { grpc: {} } }\n  otlp:",
    ).replace("receivers: [otlp]", "receivers: [otlp, otlp/2]");
    const verdict = judgeText(two);
    expect(verdict.ok ? [] : verdict.findings).toMatchObject([
      { rule: "listeners", path: "receivers.otlp/2.protocols.grpc" },
    ]);
  });
});

describe("of the cluster agent, a remote configuration", () => {
  test.each<BadRow>([
    ["secrets of the cluster", "name: pods,", "name: secrets,", "settings", "receivers.k8sobjects/1.objects[0].name"],
    [
      "an inventory every moment",
      "interval: 24h",
      "interval: 1ms",
      "limits",
      "receivers.k8sobjects/1.objects[0].interval",
    ],
    [
      "a node's files",
      "receivers:\n",
      "receivers:\n  filelog: { include: [/var/log/pods/*.log] }\n",
      "paths",
      "receivers.filelog",
    ],
    [
      "a kubeconfig",
      "auth_type: serviceAccount, namespaces",
      "auth_type: kubeConfig, namespaces",
      "settings",
      "receivers.k8s_events.auth_type",
    ],
    [
      "other extensions of the image",
      "health_check: {",
      "pprof: {}\n  health_check: {",
      "components",
      "extensions.pprof",
    ],
    [
      "a variable with a default",
      "[default]",
      '["${env:KM_K8S_MONITORED_NAMESPACES_YAML:-all}"]',
      "environment",
      "receivers.k8s_events.namespaces[0]",
    ],
  ])("may not have %s", (_, from, to, rule, path) => {
    expect(changed(VENDOR_CLUSTER, from, to, "cluster-agent")).toContainEqual({ rule, path });
  });
});

describe("signals that are switched off", () => {
  const off = (signal: "logs" | "metrics" | "traces", text: string, component: "node-agent" | "cluster-agent") => {
    const features = { ...CONTEXT.limits.features, [signal]: false };
    const verdict = judgeText(text, { component, limits: { ...CONTEXT.limits, features } });
    return verdict.ok ? [] : verdict.findings.map(({ rule, path }) => `${rule} ${path}`);
  };

  test("are refused by their pipelines", () => {
    expect(off("logs", VENDOR_NODE, "node-agent")).toEqual(["signals service.pipelines.logs/containers"]);
    expect(off("metrics", GATEWAY, "node-agent")).toEqual(["signals service.pipelines.metrics"]);
    expect(off("traces", GATEWAY, "node-agent")).toEqual(["signals service.pipelines.traces"]);
  });

  test("leave the cluster agent its traces, as the default does", () => {
    expect(off("traces", VENDOR_CLUSTER, "cluster-agent")).toEqual([]);
  });
});

describe("the number of parts", () => {
  test.each<[string, (many: string[]) => YamlMap, string]>([
    [
      "components",
      (many) => ({ processors: Object.fromEntries(many.map((name) => [`batch/${name}`, {}])) }),
      "processors",
    ],
    [
      "components of a pipeline",
      (many) => ({ service: { pipelines: { traces: { receivers: many } } } }),
      "service.pipelines.traces.receivers",
    ],
    [
      "pipelines",
      (many) => ({ service: { pipelines: Object.fromEntries(many.map((name) => [`traces/${name}`, {}])) } }),
      "service.pipelines",
    ],
    ["extensions", (many) => ({ service: { extensions: many } }), "service.extensions"],
    ["sections", (many) => Object.fromEntries(many.map((name) => [name, {}])), ""],
  ])("is bounded for %s, and judged alone", (_, document, path) => {
    const many = Array.from({ length: 20_000 }, (_entry, index) => `a${index}`);
    const verdict = judgeRemote(document(many), CONTEXT);
    expect(verdict.ok ? [] : verdict.findings).toMatchObject([{ rule: "limits", path }]);
  });
});

describe("what the platform sends as JSON", () => {
  test("is read as it is, whole numbers whole", () => {
    expect(documentOf(JSON.parse('{"a": 1.048576e+06, "b": [null, true, "x", 1.5]}'))).toEqual({
      ok: true,
      document: { a: 1_048_576, b: [null, true, "x", 1.5] },
    });
  });

  test.each<[string, unknown, string, string]>([
    ["a list", [], "json", ""],
    ["nothing", null, "json", ""],
    ["a merge key", { a: { "<<": { b: 1 } } }, "yaml-key", "a"],
    ["too long a text", { a: "x".repeat(262_144) }, "size", "a"],
    ["too many texts", { a: Array.from({ length: 200_000 }, () => "x") }, "size", "a[87379]"],
    [
      "too deep a nesting",
      Array.from({ length: 40 }).reduce<unknown>((inner) => ({ a: inner }), 1),
      "depth",
      `a${".a".repeat(31)}`,
    ],
    ["what JSON doesn't have", { a: undefined }, "json", "a"],
  ])("may not be %s", (_, value, rule, path) => {
    const reading = documentOf(value);
    expect(reading.ok ? [] : reading.findings).toMatchObject([{ rule, path }]);
  });
});
