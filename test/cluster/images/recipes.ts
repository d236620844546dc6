import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toolPath } from "../build.ts";
import { checksum } from "../tools/cache.ts";
import type { CacheEntry } from "../tools/cache.ts";
import { goEntry } from "../tools/go.ts";
import type { GoProgram } from "../tools/modules.ts";

/** Every image that is one program of ours or of others on nothing; the operator's is made otherwise. */
export type ImageName = "pause" | "coredns" | "metrics-server" | "otelcol" | "km-kube-agent" | "faulty";

/** The root certificates that this machine trusts, for those that speak TLS. */
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

interface Recipe {
  readonly program: GoProgram;
  readonly certificates: boolean;
  /** Name in a registry, as the real image is called where there is one. */
  readonly repository: string;
  /** A fixed version where the content is that version's; otherwise the content's checksum is the tag. */
  readonly tag?: string;
}

const RECIPES: Readonly<Record<ImageName, Recipe>> = {
  pause: { program: "pause", certificates: false, repository: "kmagent-test/pause" },
  coredns: { program: "coredns", certificates: false, repository: "kmagent-test/coredns" },
  "metrics-server": { program: "metrics-server", certificates: false, repository: "kmagent-test/metrics-server" },
  otelcol: {
    program: "otelcol",
    certificates: true,
    repository: "otel/opentelemetry-collector-contrib",
    tag: "0.160.0",
  },
  "km-kube-agent": {
    program: "km-kube-agent",
    certificates: true,
    repository: "kloudmate/km-kube-agent",
    tag: "1.2.0",
  },
  faulty: { program: "faulty", certificates: false, repository: "kmagent-test/faulty" },
};

/** The programs that an image holds: what must be built before it. */
export function programOf(name: ImageName): GoProgram {
  return RECIPES[name].program;
}

/** The Containerfile of an image. */
export function containerfile(name: ImageName): string {
  return join(import.meta.dirname, name, "Containerfile");
}

/** The cache entry of an image. */
export function imageEntry(name: ImageName): CacheEntry {
  const recipe = RECIPES[name];
  const certificates = recipe.certificates ? readFileSync(CERTIFICATES) : "";
  return {
    name: `image-${name}`,
    key: checksum([readFileSync(containerfile(name)), goEntry(recipe.program).key, certificates]),
  };
}

/** Puts what the Containerfile copies into a directory. */
export function fillContext(name: ImageName, directory: string): void {
  const recipe = RECIPES[name];
  copyFileSync(toolPath(recipe.program), join(directory, recipe.program));
  if (recipe.certificates) copyFileSync(CERTIFICATES, join(directory, "ca-certificates.crt"));
}

/** `repository:tag` of an image in a registry. */
export function repositoryAndTag(name: ImageName): string {
  const recipe = RECIPES[name];
  return `${recipe.repository}:${recipe.tag ?? imageEntry(name).key}`;
}
