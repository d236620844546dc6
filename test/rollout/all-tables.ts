import { readdirSync } from "node:fs";

/*
 * All tables of the rollout as one file of tests: mutants are many, and each file that Jest starts costs more than its tests.
 */

const FOLDER = new URL("../../src/rollout/", import.meta.url);
const OTHERS = /^(replica-|observe-)|-model/;

for (const name of readdirSync(FOLDER)) {
  if (name.endsWith(".test.ts") && !OTHERS.test(name)) await import(new URL(name, FOLDER).href);
}
