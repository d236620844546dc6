import fc from "fast-check";

const SOAK = process.env["SOAK"] === "1";
const SEED = 20_261_128;
const USUAL_RUNS = 100;

const asked = process.env["PROPERTY_SEED"];
const seed = asked === undefined ? (SOAK ? undefined : SEED) : Number(asked);

/** How often a property is tried that needs `usual` inputs to say something: a hundred times as often with SOAK=1. */
export function runs(usual: number): number {
  return SOAK ? usual * 100 : usual;
}

/*
 * One seed, so that what passed once passes always; with SOAK=1 a new one each time, to look further. What that finds becomes a
 * test with a name. PROPERTY_SEED=<number> tries the inputs of that seed, such as one that failed.
 */
fc.configureGlobal({ numRuns: runs(USUAL_RUNS), ...(seed !== undefined && { seed }) });
