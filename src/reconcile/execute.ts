import { API_VERSION } from "../api/labels.ts";
import { KmError } from "../api/errors.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import type { PodRefusal } from "../health/observation.ts";
import type { Writer, Written } from "../kube/apply.ts";
import { typeOf } from "../kube/resource.ts";
import type { KubeObject } from "../kube/resource.ts";
import { componentOf } from "./dependents.ts";
import type { Difference } from "./drift.ts";
import { failureKind } from "./error-policy.ts";
import { decideFound } from "./object-decision.ts";
import type { ApplyReason, LeftDecision } from "./object-decision.ts";
import { objectId } from "./object-id.ts";
import { obstacles } from "./obstacles.ts";
import type { Write } from "./plan.ts";
import { projectKmAgent } from "./project.ts";
import type { KmAgentRecord } from "./project.ts";
import { classifyRefusal, isWebhookDown } from "./refusal.ts";
import { hasOtherManager, stepBack } from "./step-back.ts";

/** What became of one write. */
export type Outcome =
  | {
      readonly kind: "applied";
      readonly object: KubeObject;
      readonly wish: string;
      readonly answer: KubeObject;
      readonly because: ApplyReason;
      readonly drifted: readonly Difference[];
      readonly warnings: readonly string[];
    }
  /** Found by the look past the caches, and not written. */
  | {
      readonly kind: "left";
      readonly object: KubeObject;
      readonly wish: string;
      readonly decision: LeftDecision;
      readonly until: number;
    }
  | { readonly kind: "foreign"; readonly object: KubeObject; readonly wish: string; readonly owner: string }
  | { readonly kind: "refused"; readonly object: KubeObject; readonly wish: string; readonly error: KmError }
  | { readonly kind: "deleted"; readonly object: KubeObject }
  /** A pod whose owner the caches had missed. */
  | { readonly kind: "notOrphaned"; readonly object: KubeObject }
  | { readonly kind: "podTried"; readonly verdict: PodRefusal | null }
  /** A canary's pod was refused: by a dry run, or when it was to be made. */
  | {
      readonly kind: "canaryRefused";
      readonly object: KubeObject;
      readonly revision: string;
      readonly verdict: PodRefusal;
    }
  | { readonly kind: "canaryTried"; readonly object: KubeObject }
  | { readonly kind: "podCreated"; readonly object: KubeObject }
  | { readonly kind: "annotated"; readonly object: KubeObject }
  /** `landed` is the status as it is stored now. */
  | { readonly kind: "statusWritten"; readonly resourceVersion: string; readonly landed: KmAgentStatus }
  /** `what` is for people. */
  | { readonly kind: "failed"; readonly what: string; readonly error: unknown };

/**
 * Does the writes of a plan in their order and tells what became of each. A failure ends the objects, for what follows may
 * need what failed (a DaemonSet its ConfigMap); a refusal or a name that is taken ends those of its component alone, for the
 * other one needs nothing of it. The status is written all the same.
 */
export async function execute(
  writes: readonly Write[],
  kmagent: KmAgentRecord,
  writer: Writer,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const blocked = new Set<string>();
  let broken = false;
  for (const write of writes) {
    if (write.kind !== "status" && (broken || blocked.has(componentOf(write.object)))) continue;
    const outcome = await attempt(write, kmagent, writer, signal);
    outcomes.push(outcome);
    if (outcome.kind === "failed") broken = true;
    if (outcome.kind === "canaryRefused") blocked.add(componentOf(outcome.object));
    const lacking = outcome.kind === "left" && outcome.decision.kind !== "keep";
    if (lacking || outcome.kind === "foreign" || outcome.kind === "refused") blocked.add(componentOf(outcome.object));
  }
  return outcomes;
}

async function attempt(write: Write, kmagent: KmAgentRecord, writer: Writer, signal: AbortSignal): Promise<Outcome> {
  try {
    return await perform(write, kmagent, writer, signal);
  } catch (error) {
    const object = "object" in write ? write.object : undefined;
    if (error instanceof KmError && object && "wish" in write && failureKind(error) === "refused") {
      return { kind: "refused", object, wish: write.wish, error };
    }
    const what = object ? `${write.kind} ${objectId(object)}` : write.kind;
    return { kind: "failed", what, error };
  }
}

async function perform(write: Write, kmagent: KmAgentRecord, writer: Writer, signal: AbortSignal): Promise<Outcome> {
  switch (write.kind) {
    case "create":
      return await create(write, kmagent, writer, signal);
    case "apply": {
      const { object, wish, uid, because, drifted } = write;
      const { object: answer, warnings } = await applyOver(object, uid, writer, signal);
      return { kind: "applied", object, wish, answer, because, drifted, warnings };
    }
    case "delete": {
      const { object } = write;
      const { name, namespace, uid, resourceVersion } = object.metadata;
      await writer.remove(
        typeOf(object),
        { name, ...(namespace !== undefined && { namespace }) },
        { uid: uid ?? "", ...(resourceVersion !== undefined && { resourceVersion }), propagationPolicy: "Background" },
        signal,
      );
      return { kind: "deleted", object };
    }
    case "deleteOrphan": {
      const { object, owner } = write;
      const { name, namespace, uid = "" } = object.metadata;
      const present = await writer.read(typeOf(owner), namespace, owner.name, signal);
      if (present === undefined || present.metadata.uid === owner.uid) return { kind: "notOrphaned", object };
      await writer.remove(typeOf(object), { name, ...(namespace !== undefined && { namespace }) }, { uid }, signal);
      return { kind: "deleted", object };
    }
    case "tryCanary": {
      const { object, revision } = write;
      const verdict = await tryPod(object, writer, signal);
      // A quota that is just full has room again once the other pod is gone.
      return verdict === null || verdict.kind === "QuotaExceeded"
        ? { kind: "canaryTried", object }
        : { kind: "canaryRefused", object, revision, verdict };
    }
    case "createPod":
      return await createPod(write, writer, signal);
    case "labelPod":
      return await labelPod(write.object, writer, signal);
    case "annotate": {
      const { object, annotations } = write;
      const { name, namespace, uid } = object.metadata;
      const target = { name, ...(namespace !== undefined && { namespace }), ...(uid !== undefined && { uid }) };
      await writer.patchAnnotations(typeOf(object), target, annotations, signal);
      return { kind: "annotated", object };
    }
    case "tryPod":
      return { kind: "podTried", verdict: await tryPod(write.object, writer, signal) };
    case "status": {
      const { object } = await writer.applyStatus(
        {
          apiVersion: API_VERSION,
          kind: "KmAgent",
          metadata: { name: kmagent.name, namespace: kmagent.namespace },
          status: write.status,
        },
        { uid: kmagent.uid },
        signal,
      );
      const { resourceVersion, status: landed } = projectKmAgent(object);
      return { kind: "statusWritten", resourceVersion, landed };
    }
  }
}

/** Applies over a live object. Where that is refused for what somebody else put into it, that goes first. */
async function applyOver(object: KubeObject, uid: string, writer: Writer, signal: AbortSignal): Promise<Written> {
  try {
    return await writer.apply(object, { uid }, signal);
  } catch (error) {
    if (!(error instanceof KmError) || error.code !== "Invalid") throw error;
    const { name, namespace } = object.metadata;
    const live = await writer.read(typeOf(object), namespace, name, signal);
    const inTheWay = live ? obstacles(object, live) : null;
    if (inTheWay === null) throw error;
    await writer.clear(typeOf(object), { name, uid, ...(namespace !== undefined && { namespace }) }, inTheWay, signal);
    return await writer.apply(object, { uid }, signal);
  }
}

/**
 * Without force, so that an object which came between the look and the apply is refused as a conflict where the two differ.
 * Where they don't, ours was merged into it: that is taken back, and the object is judged like one that the look found.
 */
async function create(
  { object, wish, memory, at }: Extract<Write, { kind: "create" }>,
  kmagent: KmAgentRecord,
  writer: Writer,
  signal: AbortSignal,
): Promise<Outcome> {
  const meet = async (found: KubeObject): Promise<Outcome> => {
    const decision = decideFound({ desired: object, memory, owner: kmagent, now: at }, found);
    switch (decision.kind) {
      case "foreign":
        return { kind: "foreign", object, wish, owner: decision.owner };
      case "left":
        return { object, wish, ...decision };
      case "apply": {
        const { uid, because, drifted } = decision;
        const { object: answer, warnings } = await applyOver(object, uid, writer, signal);
        return { kind: "applied", object, wish, answer, because, drifted, warnings };
      }
    }
  };
  const found = await writer.read(typeOf(object), object.metadata.namespace, object.metadata.name, signal);
  if (found) return await meet(found);
  const { object: answer, warnings, created } = await writer.apply(object, { force: false }, signal);
  if (!created && hasOtherManager(answer)) {
    return await meet(await stepBack(object, answer.metadata.uid ?? "", writer, signal));
  }
  return { kind: "applied", object, wish, answer, because: "created", drifted: [], warnings };
}

/** A name that is taken is no failure: the pod was made by an earlier try, whose answer or echo is still on its way. */
async function createPod(
  { object, revision }: Extract<Write, { kind: "createPod" }>,
  writer: Writer,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    await writer.create(object, {}, signal);
    return { kind: "podCreated", object };
  } catch (error) {
    if (error instanceof KmError && error.code === "Conflict") return { kind: "canaryTried", object };
    if (error instanceof KmError && failureKind(error) === "refused") {
      return { kind: "canaryRefused", object, revision, verdict: classifyRefusal(error.message) };
    }
    throw error;
  }
}

/** A pod that is gone or another one by now needs no label. */
async function labelPod(object: KubeObject, writer: Writer, signal: AbortSignal): Promise<Outcome> {
  try {
    await writer.apply(object, { uid: object.metadata.uid ?? "" }, signal);
  } catch (error) {
    if (!(error instanceof KmError) || error.code !== "Conflict") throw error;
  }
  return { kind: "annotated", object };
}

async function tryPod(pod: KubeObject, writer: Writer, signal: AbortSignal): Promise<PodRefusal | null> {
  try {
    await writer.create(pod, { dryRun: true }, signal);
    return null;
  } catch (error) {
    if (error instanceof KmError && (failureKind(error) === "refused" || isWebhookDown(error))) {
      return classifyRefusal(error.message);
    }
    if (error instanceof KmError && error.code === "Conflict") return null;
    throw error;
  }
}
