import { codeOf, KmError } from "../api/errors.ts";
import type { ErrorCode } from "../api/errors.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { MERGE_PATCH } from "./client.ts";
import type { KubeClient, KubeResponse, Method, Query } from "./client.ts";
import { isKubeObject, resourcePath, typeOf } from "./resource.ts";
import type { KubeObject, ObjectMeta, ResourceType } from "./resource.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;

const APPLY = "application/apply-patch+yaml"; // JSON is YAML; the API server has no JSON spelling of this type.
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";

/** What a writer needs: the API server, the name it writes under, and the right to write at all. */
export interface WriterOptions {
  readonly client: Pick<KubeClient, "request">;
  /** Under which name server-side apply records what is ours (KEP-555). */
  readonly fieldManager: string;
  /** Called immediately before each sending of a write; throws `NotLeading` where we may not write any more. */
  readonly fence: () => void;
  /** What is left of the right to write, in milliseconds: no write is waited for longer. */
  readonly remainingMs: () => number;
  /** Where each write is counted, by what became of it. */
  readonly metrics: Pick<Metrics, "add">;
  readonly timeoutMs?: number;
}

/** The API server's answer to a write: the object as it is stored now. */
export interface Written {
  readonly object: KubeObject;
  /** What admission and validation said without refusing. */
  readonly warnings: readonly string[];
  /** Whether the write made the object (HTTP 201) rather than change it. */
  readonly created: boolean;
}

/** Which object a patch or a deletion means. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** How one object is applied. */
export interface ApplyOptions {
  /** The object's UID as last seen: the write then fails with `Conflict` where another object, or none, has its name. */
  readonly uid?: string;
  /** Takes fields over from other managers; true unless told. */
  readonly force?: boolean;
  /** Validates and admits, stores nothing. */
  readonly dryRun?: boolean;
}

/** Which incarnation a deletion means (its preconditions), and what becomes of what it owns. */
export interface RemoveOptions {
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

/**
 * All writes to the cluster, and the reads past the cache that precede them. Each write asks the fence right before it is
 * sent and ends by the lease's remaining time; each fails with a `KmError`.
 *
 * An object that will be applied again is made by `apply` without a UID, after `read` has found none, and not by `create`:
 * fields that a POST wrote belong to operation `Update`, and no later apply can take them away.
 * `created: false` then tells that somebody's object came in between.
 */
export interface Writer {
  /** The object as it is now; undefined where there is none. */
  read(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined>;
  /** Makes an object that must not exist yet: `Conflict` where its name is taken. */
  create(object: KubeObject, options: { readonly dryRun?: boolean }, signal: AbortSignal): Promise<Written>;
  /** Server-side apply of exactly the fields in `object`: those applied before and left out now are removed. */
  apply(object: KubeObject, options: ApplyOptions, signal: AbortSignal): Promise<Written>;
  /** Server-side apply of the status subresource; never makes an object. */
  applyStatus(object: KubeObject, options: ApplyOptions, signal: AbortSignal): Promise<Written>;
  /** Sets annotations, removes those that are null, and leaves the others alone; `Conflict` where the UID differs. */
  patchAnnotations(
    type: ResourceType,
    target: ObjectName & { readonly uid?: string },
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<Written>;
  /** Takes away what a strategic merge patch says; `Conflict` where the UID differs. What is set by one is never ours to take back. */
  clear(
    type: ResourceType,
    target: ObjectName & { readonly uid: string },
    patch: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Written>;
  /** Deletes the object of this UID; `absent` where there is none of the name, `Conflict` where it's another one by now. */
  remove(
    type: ResourceType,
    target: ObjectName,
    options: RemoveOptions,
    signal: AbortSignal,
  ): Promise<"removed" | "absent">;
}

/** A writer to this client's API server; it sends nothing by itself. */
export function createWriter(options: WriterOptions): Writer {
  return new ApiWriter(options);
}

/** As labels of a metric, so there are few of them. */
interface Label {
  readonly verb: "create" | "apply" | "patch" | "delete";
  readonly resource: string;
}

interface Sending {
  /** `null` for a dry run: it writes nothing. */
  readonly label: Label | null;
  readonly method: Exclude<Method, "GET">;
  readonly path: string;
  readonly query?: Query;
  readonly body: unknown;
  readonly contentType?: string;
  /** Whether sending it twice has the effect of once. */
  readonly idempotent?: boolean;
}

class ApiWriter implements Writer {
  readonly #options: WriterOptions;
  readonly #timeoutMs: number;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  async read(
    type: ResourceType,
    namespace: string | undefined,
    name: string,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const path = resourcePath(type, namespace, name);
    const request = { method: "GET", path, timeoutMs: this.#timeoutMs, maxBytes: MAX_BYTES } as const;
    try {
      const { body } = await this.#options.client.request(request, signal);
      return objectOf(body, `GET ${path}`);
    } catch (error) {
      if (error instanceof KmError && error.code === "NotFound") return undefined;
      throw error;
    }
  }

  async create(object: KubeObject, { dryRun }: { readonly dryRun?: boolean }, signal: AbortSignal): Promise<Written> {
    const path = resourcePath(typeOf(object), object.metadata.namespace);
    const label = dryRun === true ? null : ({ verb: "create", resource: object.kind } as const);
    return await this.#write({ label, method: "POST", path, query: this.#query(dryRun), body: object }, signal);
  }

  async apply(object: KubeObject, options: ApplyOptions, signal: AbortSignal): Promise<Written> {
    return await this.#apply(object, undefined, options, signal);
  }

  async applyStatus(object: KubeObject, options: ApplyOptions, signal: AbortSignal): Promise<Written> {
    return await this.#apply(object, "status", options, signal);
  }

  async patchAnnotations(
    type: ResourceType,
    { namespace, name, uid }: ObjectName & { readonly uid?: string },
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<Written> {
    const metadata = { annotations, ...(uid !== undefined && { uid }) };
    return await this.#patch(type, { namespace, name }, { metadata }, MERGE_PATCH, signal);
  }

  async clear(
    type: ResourceType,
    { namespace, name, uid }: ObjectName & { readonly uid: string },
    patch: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Written> {
    const body = { ...patch, metadata: { uid } };
    return await this.#patch(type, { namespace, name }, body, STRATEGIC_PATCH, signal);
  }

  async remove(
    type: ResourceType,
    { namespace, name }: ObjectName,
    { uid, resourceVersion, propagationPolicy }: RemoveOptions,
    signal: AbortSignal,
  ): Promise<"removed" | "absent"> {
    const label = { verb: "delete", resource: type.kind } as const;
    const path = resourcePath(type, namespace, name);
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: { uid, ...(resourceVersion !== undefined && { resourceVersion }) },
      ...(propagationPolicy !== undefined && { propagationPolicy }),
    };
    try {
      await this.#send({ label, method: "DELETE", path, body, idempotent: true }, signal);
      return "removed";
    } catch (error) {
      if (error instanceof KmError && error.code === "NotFound") return "absent";
      throw error;
    }
  }

  async #apply(
    object: KubeObject,
    subresource: "status" | undefined,
    { uid, force = true, dryRun }: ApplyOptions,
    signal: AbortSignal,
  ): Promise<Written> {
    const { name, namespace } = object.metadata;
    const path = resourcePath(typeOf(object), namespace, name, subresource);
    const query = { ...this.#query(dryRun), force };
    const body = { ...object, metadata: { ...forApply(object.metadata), ...(uid !== undefined && { uid }) } };
    const resource = subresource === undefined ? object.kind : `${object.kind}/${subresource}`;
    const label = dryRun === true ? null : ({ verb: "apply", resource } as const);
    return await this.#write(
      { label, method: "PATCH", path, query, body, contentType: APPLY, idempotent: true },
      signal,
    );
  }

  async #patch(
    type: ResourceType,
    { namespace, name }: { readonly namespace: string | undefined; readonly name: string },
    body: unknown,
    contentType: string,
    signal: AbortSignal,
  ): Promise<Written> {
    const label = { verb: "patch", resource: type.kind } as const;
    const path = resourcePath(type, namespace, name);
    const query = this.#query(false);
    return await this.#write({ label, method: "PATCH", path, query, body, contentType, idempotent: true }, signal);
  }

  async #write(sending: Sending, signal: AbortSignal): Promise<Written> {
    const { body, warnings, status } = await this.#send(sending, signal);
    const object = objectOf(body, `${sending.method} ${sending.path}`);
    return { object, warnings, created: status === 201 };
  }

  async #send(sending: Sending, signal: AbortSignal): Promise<KubeResponse> {
    const { client, fence, remainingMs } = this.#options;
    const { label, idempotent = false, ...request } = sending;
    const timeoutMs = Math.max(1, Math.min(this.#timeoutMs, remainingMs()));
    const retries = idempotent ? 2 : 0;
    try {
      // Also here, so that without a right to write not even a connection is opened.
      fence();
      const bounds = { timeoutMs, maxBytes: MAX_BYTES, retries };
      const answer = await client.request({ ...request, ...bounds, beforeSend: fence }, signal);
      this.#count(label, "ok");
      return answer;
    } catch (error) {
      const known = asConflict(error);
      this.#count(label, codeOf(known));
      throw known;
    }
  }

  #count(label: Label | null, code: ErrorCode | "ok"): void {
    if (label !== null) this.#options.metrics.add("kmagent_operator_api_writes_total", { ...label, code });
  }

  #query(dryRun: boolean | undefined): Query {
    return { fieldManager: this.#options.fieldManager, ...(dryRun === true && { dryRun: "All" }) };
  }
}

/** What of the metadata an apply carries: the server refuses `managedFields`, and the rest is the server's to set. */
function forApply({ name, namespace, labels, annotations, ownerReferences, finalizers }: ObjectMeta): ObjectMeta {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(ownerReferences && { ownerReferences }),
    ...(finalizers && { finalizers }),
  };
}

/** A patch that carries another UID than the object has is refused as invalid (422): for us that's a conflict like any other. */
function asConflict(error: unknown): unknown {
  if (!(error instanceof KmError) || error.code !== "Invalid") return error;
  const replaced = error.causes.some(({ field }) => field === "metadata.uid");
  return replaced ? new KmError("Conflict", error.message, { cause: error, causes: error.causes }) : error;
}

function objectOf(body: unknown, what: string): KubeObject {
  if (!isKubeObject(body)) throw new KmError("BadResponse", `${what}: the answer is no object`);
  return body;
}
