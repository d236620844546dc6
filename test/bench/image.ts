import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { CHECKOUT } from "../installation/operator.ts";

/*
 * How the image and the chart start Node.js, read from where it is written, so that what is measured is what ships.
 */

/** The options with which the image's entry point starts Node.js. */
export function imageFlags(): string[] {
  const entryPoint = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile())?.[1] ?? "[]";
  return (JSON.parse(entryPoint) as string[]).filter((word) => word.startsWith("--"));
}

/** The environment that the image sets. */
export function imageEnvironment(): Record<string, string> {
  return Object.fromEntries(
    [...dockerfile().matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** What the chart puts into NODE_OPTIONS where nobody says otherwise. */
export function nodeOptions(): string {
  const values = parse(readFileSync(join(CHECKOUT, "helm/kmagent-operator/values.yaml"), "utf8")) as {
    readonly nodeOptions: string;
  };
  return values.nodeOptions;
}

function dockerfile(): string {
  return readFileSync(join(CHECKOUT, "Dockerfile"), "utf8");
}
