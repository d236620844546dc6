import { oneOf } from "../shape.ts";

/** What transformations and conditions do with what they fail at. */
export const errorMode = oneOf("ignore", "silent", "propagate");
