import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { checksum, checksumOfFolder, ensureEntry, keepNewest } from "../tools/cache.ts";
import { buildImage, builtImage } from "./buildah.ts";
import type { BuiltImage } from "./buildah.ts";
import { baseFilesFor, baseParts, writeBase, writeProgramBase } from "./debian-base.ts";

/** The top of this checkout. */
const CHECKOUT = join(import.meta.dirname, "..", "..", "..");

/** Built operator images that stay in the cache: each change of the bundle makes another. */
const KEPT = 3;

/** The operator's image, with the tag that says what is in it. */
export interface OperatorImage extends BuiltImage {
  /** `<version>-<checksum>`: a changed bundle gets another tag, so no node runs an old one that it pulled before. */
  readonly tag: string;
}

/**
 * The operator's image, built from the project's own Dockerfile. The two images that it starts from can't be pulled
 * here: the Node.js that npm installed and Debian's libraries on this machine stand for them.
 *
 * @throws Error where the bundle isn't built, or the Dockerfile asks for more than that.
 */
export async function ensureOperatorImage(
  version: string,
  signal: AbortSignal,
  checkout: string = CHECKOUT,
): Promise<OperatorImage> {
  const dist = join(checkout, "dist");
  if (!existsSync(join(dist, "kmagent-operator.mjs"))) throw new Error('the bundle isn\'t there: run "make build"');
  const dockerfile = join(checkout, "Dockerfile");
  const node = installedNode();
  const files = await baseFilesFor(node.path, signal);
  const key = checksum([readFileSync(dockerfile), checksumOfFolder(dist), node.version, ...baseParts(files)]);
  const entry = { name: "image-operator", key };
  const reference = `km.test/kmagent-operator:${key}`;
  const directory = await ensureEntry(entry, signal, async (target) => {
    const work = join(target, "work");
    const base = join(work, "base");
    const nodeBase = join(work, "node");
    mkdirSync(base, { recursive: true });
    mkdirSync(nodeBase);
    writeBase(files, base);
    writeProgramBase(node.path, "/usr/local/bin/node", nodeBase);
    const bases = Object.fromEntries(
      imagesIn(readFileSync(dockerfile, "utf8")).map((image) => [image, isNodeImage(image) ? nodeBase : base]),
    );
    await buildImage({ containerfile: dockerfile, context: checkout, bases }, reference, target, signal);
    rmSync(work, { recursive: true });
  });
  keepNewest(entry, KEPT);
  return { ...builtImage(directory, reference), tag: `${version}-${key.slice(0, 8)}` };
}

/** The images that a Dockerfile starts from, with the defaults of its ARGs put in; its own stages and `scratch` left out. */
export function imagesIn(dockerfile: string): string[] {
  const defaults = new Map<string, string>();
  const stages = new Set(["scratch"]);
  const images = new Set<string>();
  for (const line of dockerfile.split("\n")) {
    const [, name = "", value = ""] = /^ARG\s+(\w+)=(\S+)\s*$/i.exec(line) ?? [];
    if (name !== "") defaults.set(name, value);
    const [, from = "", stage = ""] = /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$/i.exec(line) ?? [];
    if (from === "") continue;
    const image = from.replaceAll(/\$\{?(\w+)\}?/g, (_, argument: string) => defaults.get(argument) ?? "");
    if (!stages.has(image)) images.add(image);
    if (stage !== "") stages.add(stage);
  }
  return [...images];
}

function isNodeImage(image: string): boolean {
  return /(^|\/)node:/.test(image);
}

/** The Node.js that npm installed for this machine's architecture: the version that ships. */
function installedNode(): { readonly path: string; readonly version: string } {
  const manifest = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return { path: join(dirname(manifest), "bin", "node"), version };
}
