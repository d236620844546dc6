import { readFileSync, writeFileSync } from "node:fs";
import { Stryker } from "@stryker-mutator/core";
import { seeded } from "../faults/random.ts";
import { EQUIVALENTS } from "./equivalents.ts";

/*
 * Changes the rollout's machine in one place at a time, and asks its tests whether they notice: the tables beside the code, and
 * the model. A mutant that they don't notice is a guard that nobody holds. Stryker makes the mutants and runs the tests.
 *
 * Tries five lines that a seed chooses (SEED=<number> for others), or with SOAK=1 all. Writes how many mutants were noticed, and
 * how many weren't, into the file that it is given.
 */

// What the model notices at all it notices early. The same histories each time: a mutant is noticed, or it isn't.
process.env["HISTORIES"] ??= "2000";
process.env["PROPERTY_SEED"] ??= "20261124";

type Mutant = Awaited<ReturnType<Stryker["runMutationTest"]>>[number];

/** The machine's files: everything in src/rollout that decides what a staged rollout does. */
const MACHINE = [
  "acts",
  "canaries",
  "canary-gate",
  "fleet-gate",
  "install-gate",
  "irrevocable",
  "pod-verdict",
  "record",
  "recover",
  "staged-rollout",
  "staged",
  "template-gate",
  "view",
  "window",
].map((name) => `src/rollout/${name}.ts`);

/** A line of code with a comparison, a choice, a negation or a selection. */
const GUARD = /===|!==|<=|>=| [<>] |&&|\|\||\? |[(\s]![a-zA-Z(]|\.(filter|some|every)\(/;
const NO_CODE = /^\s*(\/\/|\/?\*)|^import /;
const LINES = 5;

/** Lines with a guard, as Stryker is told of them. */
function someGuards(seed: number): string[] {
  const guards = MACHINE.flatMap((file) =>
    linesOf(file).flatMap((line, index) =>
      GUARD.test(line) && !NO_CODE.test(line) ? [`${file}:${index + 1}:0-${index + 1}:${line.length}`] : [],
    ),
  );
  const random = seeded(seed);
  return Array.from({ length: LINES }, () => guards.splice(Math.floor(random() * guards.length), 1)).flat();
}

function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").split("\n");
}

/** The mutated code, up to the end of its first line. */
function codeOf(file: string, { location: { start, end } }: Mutant): string {
  const line = linesOf(file)[start.line - 1] ?? "";
  return line.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined).trim();
}

/** Where a mutant is, as Stryker is told of it. */
function rangeOf({ fileName, location: { start, end } }: Mutant): string {
  return `${fileOf(fileName)}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
}

/** Stryker works on a copy. */
function fileOf(fileName: string): string {
  return fileName.slice(fileName.lastIndexOf("src/rollout/"));
}

/** All mutants there, with what the tests made of them. */
async function tried(mutate: readonly string[], tests: string): Promise<Mutant[]> {
  const stryker = new Stryker({
    configFile: "test/rollout/stryker.config.js",
    mutate: [...mutate],
    jest: {
      projectType: "custom",
      config: { roots: ["<rootDir>/src/rollout", "<rootDir>/test/rollout"], testMatch: [`**/${tests}`] },
      enableFindRelatedTests: false,
    },
  });
  return (await stryker.runMutationTest()).filter(({ status }) => status !== "Ignored");
}

const isNoticed = ({ status }: Mutant) => status === "Killed" || status === "Timeout";
const isAll = process.env["SOAK"] !== undefined;
const seed = Number(process.env["SEED"] ?? 20_261_128);
const mutate = isAll ? MACHINE : someGuards(seed);
console.log(isAll ? "mutants of the whole machine" : `mutants of five lines (SEED=${seed}):\n  ${mutate.join("\n  ")}`);

const mutants = await tried(mutate, "test/rollout/all-tables.ts");
// The model takes longer, so it is asked only of what the tables leave.
const open = mutants.filter((mutant) => !isNoticed(mutant));
const byModel =
  open.length === 0 ? [] : await tried([...new Set(open.map(rangeOf))], "src/rollout/staged-model.test.ts");
const keyOf = (mutant: Mutant) => `${rangeOf(mutant)} ${mutant.replacement}`;
const noticedByModel = new Set(byModel.filter(isNoticed).map(keyOf));

const unseen = new Set(isAll ? EQUIVALENTS : []);
let left = 0;
let equivalent = 0;
for (const mutant of open) {
  if (noticedByModel.has(keyOf(mutant))) continue;
  const file = fileOf(mutant.fileName);
  const code = codeOf(file, mutant);
  const mutated = mutant.replacement.trim();
  const known = EQUIVALENTS.find(
    (each) => file.endsWith(`/${each.file}`) && each.code === code && each.mutated === mutated,
  );
  if (known) {
    equivalent += 1;
    unseen.delete(known);
  } else {
    left += 1;
    console.log(`not noticed: ${file}:${mutant.location.start.line}: ${code}  =>  ${mutated}`);
  }
}
for (const { file, code } of unseen) {
  console.log(`equivalents.ts names what is noticed, or gone: ${file}: ${code}`);
}
const failed = left + unseen.size;
console.log(
  `mutants: ${mutants.length}; ${mutants.length - open.length} noticed by tables, ${noticedByModel.size} more by the model, ` +
    `${equivalent} make no difference, ${left} not noticed`,
);
const [output] = process.argv.slice(2);
if (output !== undefined) {
  const counts = {
    numPassedTests: mutants.length - equivalent - left,
    numFailedTests: failed,
    numRuntimeErrorTestSuites: 0,
  };
  writeFileSync(output, JSON.stringify(counts));
}
process.exitCode = failed > 0 ? 1 : 0;
