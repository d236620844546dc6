import type { Refusals } from "../change.ts";

/** Keys of YAML that parsers read differently. */
export const YAML_KEY: Refusals = {
  rule: "yaml-key",
  gateway: [
    [
      "a key twice",
      "collection_interval: 10s }\n  nginx",
      "collection_interval: 10s, password: x }\n  nginx",
      "receivers.mysql.password",
    ],
  ],
};
