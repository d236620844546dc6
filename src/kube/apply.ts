import { KmError } from "../api/errors.ts";
import type { KubeClient, KubeResponse, Method, Query } from "./client.ts";
import { isKubeObject, resourcePath, typeOf } from "./resource.ts";
import type { KubeObject, ObjectMeta, ResourceType } from "./resource.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;

const APPLY = "application/apply-patch+yaml"; // JSON is YAML; the API server has no JSON spelling of this type.
const MERGE_PATCH = "application/merge-patch+json";

export interface WriterOptions {
  readonly client: Pick<KubeClient, "request">;
  /** Under which name server-side apply records what is ours (KEP-555). */
  readonly fieldManager: string;
  /** Called immediately before each sending of a write; throws `NotLeading` where we may not write any more. */
  readonly fence: () => void;
  /** What is left of the right to write, in milliseconds: no write is waited for longer. */
  readonly remainingMs: () => number;
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

export interface ApplyOptions {
  /** The object's UID as last seen: the write then fails with `Conflict` where another object, or none, has its name. */
  readonly uid?: string;
  /** Takes fields over from other managers; true unless told. */
  readonly force?: boolean;
  /** Validates and admits, stores nothing. */
  readonly dryRun?: boolean;
}

export interface RemoveOptions {
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
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
  /** Sets annotations, removes those that are null, and leaves the others alone; `Conflict` where uid or version differ. */
  patchAnnotations(
    type: ResourceType,
    target: ObjectName & { readonly uid?: string; readonly resourceVersion?: string },
    annotations: Readonly<Record<string, string | null>>,
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

export function createWriter(options: WriterOptions): Writer {
  const { client, fieldManager, fence, remainingMs, timeoutMs = DEFAULT_TIMEOUT_MS } = options;

  interface Write {
    readonly method: Exclude<Method, "GET">;
    readonly path: string;
    readonly query?: Query;
    readonly body: unknown;
    readonly contentType?: string;
    /** Whether sending it twice has the effect of once. */
    readonly idempotent?: boolean;
  }

  const send = async (write: Write, signal: AbortSignal): Promise<KubeResponse> => {
    const { idempotent = false, ...request } = write;
    // Also here, so that without a right to write not even a connection is opened.
    fence();
    try {
      return await client.request(
        {
          ...request,
          timeoutMs: Math.max(1, Math.min(timeoutMs, remainingMs())),
          maxBytes: MAX_BYTES,
          retries: idempotent ? 2 : 0,
          beforeSend: fence,
        },
        signal,
      );
    } catch (error) {
      throw asConflict(error);
    }
  };

  const applyTo = async (
    object: KubeObject,
    subresource: "status" | undefined,
    { uid, force = true, dryRun }: ApplyOptions,
    signal: AbortSignal,
  ): Promise<Written> => {
    const { name, namespace } = object.metadata;
    const path = resourcePath(typeOf(object), namespace, name, subresource);
    const query = { fieldManager, force, ...dryRunQuery(dryRun) };
    const body = { ...object, metadata: { ...forApply(object.metadata), ...(uid !== undefined && { uid }) } };
    const answer = await send({ method: "PATCH", path, query, body, contentType: APPLY, idempotent: true }, signal);
    return writtenOf(answer, `PATCH ${path}`);
  };

  return {
    async read(type, namespace, name, signal) {
      const path = resourcePath(type, namespace, name);
      try {
        const { body } = await client.request({ method: "GET", path, timeoutMs, maxBytes: MAX_BYTES }, signal);
        return objectOf(body, `GET ${path}`);
      } catch (error) {
        if (error instanceof KmError && error.code === "NotFound") return undefined;
        throw error;
      }
    },

    async create(object, { dryRun }, signal) {
      const path = resourcePath(typeOf(object), object.metadata.namespace);
      const answer = await send(
        { method: "POST", path, query: { fieldManager, ...dryRunQuery(dryRun) }, body: object },
        signal,
      );
      return writtenOf(answer, `POST ${path}`);
    },

    apply: (object, applyOptions, signal) => applyTo(object, undefined, applyOptions, signal),

    applyStatus: (object, applyOptions, signal) => applyTo(object, "status", applyOptions, signal),

    async patchAnnotations(type, { namespace, name, uid, resourceVersion }, annotations, signal) {
      const path = resourcePath(type, namespace, name);
      const body = {
        metadata: {
          annotations,
          ...(uid !== undefined && { uid }),
          ...(resourceVersion !== undefined && { resourceVersion }),
        },
      };
      const answer = await send(
        { method: "PATCH", path, query: { fieldManager }, body, contentType: MERGE_PATCH, idempotent: true },
        signal,
      );
      return writtenOf(answer, `PATCH ${path}`);
    },

    async remove(type, { namespace, name }, { uid, resourceVersion, gracePeriodSeconds, propagationPolicy }, signal) {
      const path = resourcePath(type, namespace, name);
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid, ...(resourceVersion !== undefined && { resourceVersion }) },
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        ...(propagationPolicy !== undefined && { propagationPolicy }),
      };
      try {
        await send({ method: "DELETE", path, body, idempotent: true }, signal);
        return "removed";
      } catch (error) {
        if (error instanceof KmError && error.code === "NotFound") return "absent";
        throw error;
      }
    },
  };
}

function dryRunQuery(dryRun: boolean | undefined): Query {
  return dryRun === true ? { dryRun: "All" } : {};
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

function writtenOf(answer: KubeResponse, what: string): Written {
  return { object: objectOf(answer.body, what), warnings: answer.warnings, created: answer.status === 201 };
}

function objectOf(body: unknown, what: string): KubeObject {
  if (!isKubeObject(body)) throw new KmError("BadResponse", `${what}: the answer is no object`);
  return body;
}
