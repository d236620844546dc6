import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { ensureTools, toolPath } from "../cluster/build.ts";

const CHART = join(import.meta.dirname, "../../helm/kmagent-operator");
const run = promisify(execFile);

/** A rendered object, as far as these tests look at it. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Which release is rendered. */
export interface Release {
  readonly name?: string;
  readonly namespace?: string;
  /** Further arguments, such as `--set`. */
  readonly args?: readonly string[];
}

/** Helm's own output of a command on the chart; throws what Helm says where it refuses. */
export async function helm(command: readonly string[], release: Release = {}): Promise<string> {
  const signal = AbortSignal.timeout(120_000);
  await ensureTools(["helm"], signal, () => undefined);
  const named = command[0] === "lint" ? [CHART] : [release.name ?? "kmagent-operator", CHART];
  const args = [...command, ...named, "--namespace", release.namespace ?? "km-agent", ...(release.args ?? [])];
  const { stdout } = await run(toolPath("helm"), args, { signal, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

/** The objects that the chart makes, in the order in which Helm applies them. */
export async function render(release: Release = {}): Promise<Rendered[]> {
  const text = await helm(["template"], release);
  return parseAllDocuments(text).flatMap((document) => {
    if (!("toJS" in document)) return [];
    const object = document.toJS() as Rendered | null;
    return object === null ? [] : [object];
  });
}
