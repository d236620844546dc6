import type { BadChange, Refusals } from "../change.ts";

/** Components of the image that the platform may not use, and settings that they would have. */
const KEPT_OUT: readonly (readonly [section: string, type: string, settings: string])[] = [
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
];

/** Components that the image lacks, and those that the platform may not use. */
export const COMPONENTS: Refusals = {
  rule: "components",
  node: [
    ...KEPT_OUT.map(([section, type, settings]): BadChange => [
      `the component ${type}`,
      `${section}:\n`,
      `${section}:\n  ${type}: ${settings}\n`,
      `${section}.${type}`,
    ]),
    [
      "a component that the image lacks",
      "receivers:\n",
      "receivers:\n  receiver_creator: {}\n",
      "receivers.receiver_creator",
    ],
    ["a setting of a list", "batch: { send_batch_size: 10000, timeout: 10s }", "batch: [1]", "processors.batch"],
  ],
  cluster: [["other extensions of the image", "health_check: {", "pprof: {}\n  health_check: {", "extensions.pprof"]],
};
