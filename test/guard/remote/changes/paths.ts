import type { BadChange, Refusals } from "../change.ts";

/** Where the logs would be read, in every spelling. */
const ELSEWHERE: readonly (readonly [name: string, path: string])[] = [
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
];

/** Logs from elsewhere than the directories of container logs. */
export const PATHS: Refusals = {
  rule: "paths",
  node: [
    ...ELSEWHERE.map(([name, path]): BadChange => [
      `logs of ${name}`,
      "include: [/var/log/pods/*/*/*.log]",
      `include: ["${path}"]`,
      "receivers.filelog/containers.include[0]",
    ]),
  ],
  cluster: [
    [
      "a node's files",
      "receivers:\n",
      "receivers:\n  filelog: { include: [/var/log/pods/*.log] }\n",
      "receivers.filelog",
    ],
  ],
};
