import type { Refusals } from "../change.ts";

/** YAML's references within a document. */
export const YAML_ALIAS: Refusals = {
  rule: "yaml-alias",
  gateway: [["an alias", "mysql: {", "mysql: &x {", "receivers.mysql"]],
};
