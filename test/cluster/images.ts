import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureTools } from "./build.ts";
import { buildImage, builtImage } from "./images/buildah.ts";
import type { BuiltImage } from "./images/buildah.ts";
import { ensureOperatorImage } from "./images/operator.ts";
import { containerfile, fillContext, imageEntry, programOf, repositoryAndTag } from "./images/recipes.ts";
import type { ImageName } from "./images/recipes.ts";
import { push } from "./registry.ts";
import type { Credentials, PushedImage } from "./registry.ts";
import { ensureEntry, entryPath } from "./tools/cache.ts";

/** Makes sure that these images are there, with the programs in them; at once where they are cached. */
export async function ensureImages(names: readonly ImageName[], signal: AbortSignal): Promise<void> {
  await ensureTools(names.map(programOf), signal);
  for (const name of names) {
    await ensureEntry(imageEntry(name), signal, async (directory) => {
      const context = join(directory, "context");
      mkdirSync(context);
      fillContext(name, context);
      await buildImage({ containerfile: containerfile(name), context }, imageReference(name), directory, signal);
      rmSync(context, { recursive: true });
    });
  }
}

/** The docker-archive of an image, for `ctr images import`. Call {@link ensureImages} first. */
export function imageArchive(name: ImageName): string {
  return imageFiles(name).archive;
}

/** The name of an image inside its archive, with its content's checksum as tag: for pods that use it without a registry. */
export function imageReference(name: ImageName): string {
  return `km.test/${name}:${imageEntry(name).key}`;
}

/** Pushes images to a registry (plain http) under their usual names; makes them first where they are missing. */
export async function pushImages(
  host: string,
  names: readonly ImageName[],
  signal: AbortSignal,
  credentials?: Credentials,
): Promise<Map<ImageName, PushedImage>> {
  await ensureImages(names, signal);
  return new Map(
    await Promise.all(
      names.map(
        async (name) => [name, await pushImageAs(host, name, repositoryAndTag(name), signal, credentials)] as const,
      ),
    ),
  );
}

/** Pushes an image under another name, for example as the next version of itself. It must be there ({@link ensureImages}). */
export async function pushImageAs(
  host: string,
  name: ImageName,
  repositoryWithTag: string,
  signal: AbortSignal,
  credentials?: Credentials,
): Promise<PushedImage> {
  return await push(imageFiles(name).layout, `${host}/${repositoryWithTag}`, signal, credentials);
}

function imageFiles(name: ImageName): BuiltImage {
  return builtImage(entryPath(imageEntry(name)), imageReference(name));
}

/** Builds the operator's image from this checkout's bundle and Dockerfile, and pushes it (plain http) as `kloudmate/kmagent-operator`. */
export async function pushOperatorImage(
  host: string,
  version: string,
  signal: AbortSignal,
  credentials?: Credentials,
): Promise<PushedImage> {
  const image = await ensureOperatorImage(version, signal);
  return await push(image.layout, `${host}/kloudmate/kmagent-operator:${image.tag}`, signal, credentials);
}
