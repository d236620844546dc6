import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command.ts";

/** Both forms of an image in a directory of the cache. */
export interface BuiltImage {
  /** A docker-archive, which containerd imports under `reference`. */
  readonly archive: string;
  /** An OCI layout with compressed layers, from which pushing costs no compression. */
  readonly layout: string;
  /** The image's name inside the archive. */
  readonly reference: string;
}

/** What an image is built from. */
export interface ImageSource {
  readonly containerfile: string;
  /** The directory that COPY copies from. */
  readonly context: string;
  /** Directories that stand for images which the Containerfile names in FROM, for none can be pulled: name to directory with a Containerfile. */
  readonly bases?: Readonly<Record<string, string>>;
}

/** Where the parts of a built image are in a directory. */
export function builtImage(directory: string, reference: string): BuiltImage {
  return { archive: join(directory, "image.tar"), layout: join(directory, "oci"), reference };
}

/** Milliseconds for one call; the largest image takes some seconds. */
const TIMEOUT_MS = 5 * 60_000;

/**
 * Builds an image into a directory. It uses a storage of its own, so nothing of the machine's own images changes; times
 * are zero, so the same content gives the same digest.
 *
 * @throws Error with buildah's complaint.
 */
export async function buildImage(
  source: ImageSource,
  reference: string,
  directory: string,
  signal: AbortSignal,
): Promise<BuiltImage> {
  const storage = join(directory, "storage");
  mkdirSync(storage);
  const buildah = async (...argv: readonly string[]): Promise<void> => {
    const global = ["--storage-driver", "vfs", "--root", join(storage, "root"), "--runroot", join(storage, "run")];
    await run(["buildah", ...global, ...argv], signal, { timeout: TIMEOUT_MS });
  };
  const flags = ["--quiet", "--isolation", "chroot", "--layers=false", "--timestamp", "0", "--pull-never"];
  const replaced: string[] = [];
  for (const [index, [name, base]] of Object.entries(source.bases ?? {}).entries()) {
    const tag = `localhost/base:${String(index)}`;
    await buildah("build", ...flags, "--tag", tag, base);
    replaced.push("--build-context", `${name}=container-image://${tag}`);
  }
  await buildah("build", ...flags, ...replaced, "--file", source.containerfile, "--tag", reference, source.context);
  const image = builtImage(directory, reference);
  await buildah("push", "--quiet", reference, `docker-archive:${image.archive}:${reference}`);
  await buildah("push", "--quiet", reference, `oci:${image.layout}:image`);
  rmSync(storage, { recursive: true, force: true });
  return image;
}
