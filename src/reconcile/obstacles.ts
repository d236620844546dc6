import { isJsonObject } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";
import type { KubeObject } from "../kube/resource.ts";

/** Handlers of a probe: one may be set. */
const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc"];
const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"];

/**
 * What stands in the way of applying `desired` over `live`: parts of a pod template that hold one of several members, such as a
 * variable's `value` or `valueFrom`, where somebody set another member than ours. Their member is theirs, so an apply leaves it,
 * and the API server refuses the two together.
 *
 * Gives a strategic merge patch that takes those parts away in whole, so that the next apply makes them anew: variables, probes,
 * volumes with their mounts, seccomp profiles. `null` where nothing stands in the way.
 */
export function obstacles(desired: KubeObject, live: KubeObject): JsonObject | null {
  const [ours, theirs] = [podSpecOf(desired), podSpecOf(live)];
  const volumes = crossed(ours["volumes"], theirs["volumes"], (volume, found) => isOther(volume, found));
  const gone = new Set(volumes.map(nameOf));
  const containers = pairs(ours["containers"], theirs["containers"]).flatMap(([container, found]) => {
    const parts = inContainer(container, found, gone);
    return Object.keys(parts).length === 0 ? [] : [{ name: nameOf(container), ...parts }];
  });
  const spec = {
    ...seccompOf(ours, theirs),
    ...(containers.length > 0 && { containers }),
    ...(volumes.length > 0 && { volumes: volumes.map((volume) => without("name", nameOf(volume))) }),
  };
  return Object.keys(spec).length === 0 ? null : { spec: { template: { spec } } };
}

function inContainer(container: JsonObject, found: JsonObject, gone: ReadonlySet<unknown>): JsonObject {
  const env = crossed(container["env"], found["env"], (variable, other) => {
    const [source, otherSource] = [variable["valueFrom"], other["valueFrom"]];
    return (
      isOther(variable, other) || (isJsonObject(source) && isJsonObject(otherSource) && isOther(source, otherSource))
    );
  });
  const mounts = listOf(found["volumeMounts"]).filter((mount) => gone.has(nameOf(mount)));
  const probes = PROBES.filter((name) => {
    const [probe, other] = [container[name], found[name]];
    return (
      isJsonObject(probe) && isJsonObject(other) && HANDLERS.some((handler) => handler in other && !(handler in probe))
    );
  });
  return {
    ...seccompOf(container, found),
    ...(env.length > 0 && { env: env.map((variable) => without("name", nameOf(variable))) }),
    ...(mounts.length > 0 && { volumeMounts: mounts.map(({ mountPath }) => without("mountPath", mountPath)) }),
    ...Object.fromEntries(probes.map((name) => [name, null])),
  };
}

/** A profile of the node's own has a file beside its type, which no other type may have. */
function seccompOf(holder: JsonObject, found: JsonObject): JsonObject {
  const profileOf = (of: JsonObject) =>
    isJsonObject(of["securityContext"]) ? of["securityContext"]["seccompProfile"] : null;
  const [profile, other] = [profileOf(holder), profileOf(found)];
  const isCrossed = isJsonObject(profile) && isJsonObject(other) && isOther(profile, other);
  return isCrossed ? { securityContext: { seccompProfile: null } } : {};
}

/** Whether `found` has a member that `wanted` hasn't. Of what is asked here, the API server adds none by itself. */
function isOther(wanted: JsonObject, found: JsonObject): boolean {
  return Object.keys(found).some((key) => !(key in wanted));
}

/** Our entries of a list, told apart by name, whose counterpart stands in their way. */
function crossed(
  ours: unknown,
  theirs: unknown,
  isInTheWay: (ours: JsonObject, theirs: JsonObject) => boolean,
): JsonObject[] {
  return pairs(ours, theirs).flatMap(([entry, found]) => (isInTheWay(entry, found) ? [entry] : []));
}

function pairs(ours: unknown, theirs: unknown): [JsonObject, JsonObject][] {
  const found = new Map(listOf(theirs).map((entry) => [nameOf(entry), entry]));
  return listOf(ours).flatMap((entry): [JsonObject, JsonObject][] => {
    const other = found.get(nameOf(entry));
    return other ? [[entry, other]] : [];
  });
}

/** Takes the entry of a list away, in the API server's spelling. */
function without(key: string, value: unknown): JsonObject {
  return { [key]: value, $patch: "delete" };
}

function nameOf(entry: JsonObject): unknown {
  return entry["name"];
}

function podSpecOf({ spec }: KubeObject): JsonObject {
  const template = isJsonObject(spec) ? spec["template"] : undefined;
  const podSpec = isJsonObject(template) ? template["spec"] : undefined;
  return isJsonObject(podSpec) ? podSpec : {};
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
