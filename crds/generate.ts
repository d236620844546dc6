import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinition } from "../src/api/crd.ts";

/*
 * Writes every file that is made from the code: `make generate`. With `--check` it writes nothing and fails where a file isn't
 * what the code would make now.
 */

/** A generated file: its path from the top of the project, and its content, made anew each time. */
interface Producer {
  readonly path: string;
  readonly content: () => string;
}

const crd = (): string =>
  `# Generated from src/api by \`make generate\`; change it there.\n${stringify(customResourceDefinition(), { lineWidth: 0, aliasDuplicateObjects: false })}`;

const PRODUCERS: readonly Producer[] = [
  { path: "crds/kloudmate.com_kmagents.yaml", content: crd },
  { path: "helm/kmagent-operator/files/kmagents.yaml", content: crd },
];

const root = join(import.meta.dirname, "..");
const checkOnly = process.argv.includes("--check");

const stale = PRODUCERS.filter(({ path, content }) => current(path) !== content());
for (const { path, content } of checkOnly ? [] : stale) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content());
  console.log(`written: ${path}`);
}
if (checkOnly && stale.length > 0) {
  console.error(`stale, run \`make generate\` and commit: ${stale.map(({ path }) => path).join(", ")}`);
  process.exitCode = 1;
}

/** The file as it is, or undefined where there is none. */
function current(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
