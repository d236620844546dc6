import type { Refusals } from "../change.ts";
import { exporterWith } from "../change.ts";

/** What reads or writes files, signs in by other means, or weakens encryption. */
export const REFUSED: Refusals = {
  rule: "refused",
  node: [
    [
      "logs that are deleted",
      "include_file_path: true",
      "delete_after_read: true",
      "receivers.filelog/containers.delete_after_read",
    ],
    [
      "an operator that writes files",
      "{ type: flatten, field: attributes.nested, if: attributes.nested != nil }",
      "{ type: file_output, path: /tmp/x }",
      "receivers.filelog/containers.operators[3].type",
    ],
    [
      "an operator that reads files",
      "{ type: flatten, field: attributes.nested, if: attributes.nested != nil }",
      "{ type: file_input, include: [/etc/passwd] }",
      "receivers.filelog/containers.operators[3].type",
    ],
    [
      "an operator that listens",
      "{ type: flatten, field: attributes.nested, if: attributes.nested != nil }",
      "{ type: tcp_input, listen_address: '0.0.0.0:9999' }",
      "receivers.filelog/containers.operators[3].type",
    ],
    [
      "a detector that asks the metadata service",
      "detectors: [env, system]",
      "detectors: [env, ec2]",
      "processors.resourcedetection.detectors[1]",
    ],
    exporterWith("unverified certificates", "tls: { insecure_skip_verify: true }", "tls.insecure_skip_verify"),
    exporterWith("no encryption", "tls: { insecure: true }", "tls.insecure"),
    exporterWith("a certificate's file", "tls: { ca_file: /etc/shadow }", "tls.ca_file"),
    exporterWith("a key's file", "tls: { key_file: /etc/shadow }", "tls.key_file"),
    exporterWith("another server's name", "tls: { server_name_override: evil.org }", "tls.server_name_override"),
    exporterWith("a proxy", "proxy_url: http://evil.org", "proxy_url"),
    exporterWith("an authenticator", "auth: { authenticator: bearertokenauth }", "auth"),
    exporterWith("middlewares", "middlewares: [{ id: x }]", "middlewares"),
    [
      "a header that names another host",
      "Authorization: ${env:KM_API_KEY}",
      "Host: evil.org",
      "exporters.otlphttp.headers.Host",
    ],
    [
      "a debug exporter that writes files",
      "exporters:\n",
      "exporters:\n  debug: { output_paths: [/tmp/x] }\n",
      "exporters.debug.output_paths",
    ],
  ],
  gateway: [
    [
      "a listener with a key's file",
      'grpc: { endpoint: "0.0.0.0:4317" }',
      "grpc: { tls: { key_file: /x } }",
      "receivers.otlp.protocols.grpc.tls",
    ],
    [
      "a database without encryption where it is asked for",
      "password: secret,",
      "tls: { insecure: true },",
      "receivers.mysql.tls.insecure",
    ],
    [
      "a gateway under another name",
      'tls: { insecure: false, min_version: "1.2" }',
      "authority: evil.org",
      "exporters.otlp/gateway.authority",
    ],
    [
      "a file in free settings",
      "redaction: { allow_all_keys: true",
      "redaction: { rules_file: /etc/passwd",
      "processors.redaction.rules_file",
    ],
    [
      "a socket in free settings",
      "redaction: { allow_all_keys: true",
      "redaction: { x: 'unix:/run/x.sock'",
      "processors.redaction.x",
    ],
  ],
};
