import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PRODUCERS } from "./producers.ts";

/*
 * Writes every file that is made from the code: `make generate`. With `--check` it writes nothing and fails where a file isn't
 * what the code would make now.
 */

const root = join(import.meta.dirname, "..");
const checkOnly = process.argv.includes("--check");

const stale = PRODUCERS.map(({ path, content }) => ({ path, wanted: content() })).filter(
  ({ path, wanted }) => current(path) !== wanted,
);
if (checkOnly) {
  for (const { path } of stale) console.error(`${path} isn't what the code makes: run \`make generate\` and commit it`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { path, wanted } of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), wanted);
    console.log(`written: ${path}`);
  }
}

/** The file as it is, or undefined where there is none. */
function current(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
