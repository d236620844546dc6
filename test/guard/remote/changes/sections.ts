import type { Refusals } from "../change.ts";

/** A section that a collector doesn't know. */
export const SECTIONS: Refusals = {
  rule: "sections",
  gateway: [["an unknown section", "connectors:", "connector:", "connector"]],
};
