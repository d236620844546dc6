import { loadAll, YAMLException } from "js-yaml";
import * as z from "zod";
import { rootSchema } from "../api/crd.ts";
import { KmError } from "../api/errors.ts";
import { membersOf } from "../api/json.ts";
import { KmAgentSpec } from "../api/kmagent.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { API_VERSION } from "../api/labels.ts";
import type { StructuralSchema } from "../api/structural-schema.ts";
import { unknownFields } from "./unknown-fields.ts";
import { readInput } from "./input-file.ts";

/** A KmAgent as it stands in a file, with the ConfigMaps beside it, by name. */
export interface KmAgentFile {
  readonly kmagent: KmAgent;
  /** Its spec as it is written, without any default. */
  readonly written: unknown;
  readonly configMaps: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** In place of what only a cluster gives. */
const NO_UID = "00000000-0000-0000-0000-000000000000";
/** Of a KmAgent without one, where nothing else says it: the one of the README. */
const NAMESPACE = "km-agent";

const metadata = z.object({
  name: z.string().min(1),
  namespace: z.string().min(1).optional(),
  uid: z.string().default(NO_UID),
  generation: z.number().int().default(1),
  annotations: z.record(z.string(), z.string()).default({}),
});
const kind = z.object({ kind: z.string() });
const kmagentManifest = z.object({ apiVersion: z.literal(API_VERSION), metadata, spec: KmAgentSpec });
const configMapManifest = z.object({
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});

/** What Kubernetes knows of an object's metadata. */
const METADATA_FIELDS = [
  "annotations",
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generateName",
  "generation",
  "labels",
  "managedFields",
  "name",
  "namespace",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
  "uid",
];

/**
 * Reads the one KmAgent of a YAML file, with its defaults in place. ConfigMaps in the same file count for what it refers to;
 * other objects are passed over. A KmAgent that names no namespace is taken for one of `namespace`. A field that no KmAgent has is
 * refused as `kubectl apply` refuses it. The rules that the API server judges by CEL aren't judged here.
 */
export async function readKmAgentFile(
  file: string,
  signal: AbortSignal,
  namespace: string = NAMESPACE,
): Promise<KmAgentFile> {
  const text = await readInput(file, signal);
  const objects = documentsOf(text, file);
  const ofKind = (wanted: string) => objects.filter((object) => kind.safeParse(object).data?.kind === wanted);
  const [found, ...others] = ofKind("KmAgent");
  if (found === undefined || others.length > 0) {
    throw new KmError(
      "InvalidSpec",
      `${file} must hold exactly one KmAgent, and holds ${others.length + (found === undefined ? 0 : 1)}`,
    );
  }
  const manifest = parsed(kmagentManifest, found, file, strangersIn(found));
  return {
    kmagent: {
      ...manifest.metadata,
      namespace: manifest.metadata.namespace ?? namespace,
      resourceVersion: "",
      creationTimestamp: "",
      deleting: false,
      spec: manifest.spec,
      status: {},
    },
    written: membersOf(found)["spec"],
    configMaps: new Map(
      ofKind("ConfigMap").map((object) => {
        const configMap = parsed(configMapManifest, object, file);
        return [configMap.metadata.name, configMap.data];
      }),
    ),
  };
}

/** The values of all YAML documents in a text. */
function documentsOf(text: string, file: string): unknown[] {
  try {
    return loadAll(text, { maxAliases: 100 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    const place = mark ? ` at line ${mark.line + 1}, column ${mark.column + 1}:\n\n${mark.snippet ?? ""}` : "";
    throw new KmError("InvalidSpec", `${file} isn't valid YAML: ${reason}${place}`);
  }
}

/** What is said of each field that no KmAgent has. What stands in the status is the cluster's own. */
function strangersIn(manifest: unknown): string[] {
  const root = rootSchema();
  const anything: StructuralSchema = { "x-kubernetes-preserve-unknown-fields": true };
  const metadata = { properties: Object.fromEntries(METADATA_FIELDS.map((name) => [name, anything])) };
  const schema = { ...root, properties: { ...root.properties, metadata, status: anything } };
  return unknownFields(schema, manifest).map(({ path, known, meant }) => {
    const instead = meant === null ? `take it away, or use one of ${known.join(", ")}` : `write ${meant} in its place`;
    return `${path}: there is no such field; ${instead}`;
  });
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, file: string, strangers: readonly string[] = []): T {
  const result = schema.safeParse(value);
  if (result.success && strangers.length === 0) return result.data;
  const issues = (result.error?.issues ?? []).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new KmError("InvalidSpec", `${file}: ${[...strangers, ...issues].join("; ")}`);
}
