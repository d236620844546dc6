import type { Refusals } from "../change.ts";

/** A health endpoint that the operator would not find. */
export const HEALTH_CHECK: Refusals = {
  rule: "health_check",
  gateway: [
    ["the health endpoint on another port", '"0.0.0.0:13133"', '"0.0.0.0:13134"', "extensions.health_check.endpoint"],
  ],
};
