import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { KmError } from "../api/errors.ts";
import { KmAgentSpec } from "../api/kmagent.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { readInput } from "./input-file.ts";

/** A KmAgent as it stands in a file, with the ConfigMaps beside it, by name. */
export interface KmAgentFile {
  readonly kmagent: KmAgent;
  readonly configMaps: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** In place of what only a cluster gives. */
const NO_UID = "00000000-0000-0000-0000-000000000000";

const metadata = z.object({
  name: z.string().min(1),
  namespace: z.string().min(1).default("km-agent"),
  uid: z.string().default(NO_UID),
  generation: z.number().int().default(1),
  annotations: z.record(z.string(), z.string()).default({}),
});
const kind = z.object({ kind: z.string() });
const kmagentManifest = z.object({ apiVersion: z.literal("kloudmate.com/v1alpha1"), metadata, spec: KmAgentSpec });
const configMapManifest = z.object({
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});

/**
 * Reads the one KmAgent of a YAML file, with its defaults in place. ConfigMaps in the same file count for what it refers to;
 * other objects are passed over. The rules that the API server judges by CEL aren't judged here.
 */
export async function readKmAgentFile(file: string, signal: AbortSignal): Promise<KmAgentFile> {
  const text = await readInput(file, signal);
  const documents = parseAllDocuments(text);
  const objects: unknown[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const [error] = document.errors;
    if (error) throw new KmError("InvalidSpec", `${file} isn't valid YAML: ${error.message}`);
    objects.push(document.toJS({ maxAliasCount: 100 }));
  }
  const ofKind = (wanted: string) => objects.filter((object) => kind.safeParse(object).data?.kind === wanted);
  const [found, ...others] = ofKind("KmAgent");
  if (found === undefined || others.length > 0) {
    throw new KmError(
      "InvalidSpec",
      `${file} must hold exactly one KmAgent, and holds ${others.length + (found === undefined ? 0 : 1)}`,
    );
  }
  const manifest = parsed(kmagentManifest, found, file);
  return {
    kmagent: {
      ...manifest.metadata,
      resourceVersion: "",
      creationTimestamp: "",
      deleting: false,
      spec: manifest.spec,
      status: {},
    },
    configMaps: new Map(
      ofKind("ConfigMap").map((object) => {
        const configMap = parsed(configMapManifest, object, file);
        return [configMap.metadata.name, configMap.data];
      }),
    ),
  };
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new KmError("InvalidSpec", `${file}: ${issues}`);
}
