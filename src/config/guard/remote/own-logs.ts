import { isSameType, typeOf } from "../../components.ts";
import { CONTAINER_LOGS, ownLogDirectories, ownLogLinks, POD_LOGS } from "../../own-logs.ts";
import type { AgentIdentity } from "../../own-logs.ts";
import { at, isList, isMap } from "../../yaml-value.ts";
import type { YamlMap, YamlValue } from "../../yaml-value.ts";

/**
 * Leaves the agents' own logs out of what each `filelog` reads, rotated ones too: an exporter that writes what it is given into the
 * agent's log, or an error about it, would feed itself.
 */
export function withoutOwnLogs(document: YamlMap, agent: AgentIdentity): YamlMap {
  const receivers = at(document, "receivers");
  // Malformed sections are left to the guard.
  if (!isMap(receivers)) return document;
  const settled = Object.entries(receivers).map(([id, settings]): [string, YamlValue] =>
    isSameType(typeOf(id), "filelog") && isMap(settings) ? [id, withExclusion(settings, agent)] : [id, settings],
  );
  return { ...document, receivers: Object.fromEntries(settled) };
}

function withExclusion(settings: YamlMap, agent: AgentIdentity): YamlMap {
  const include = at(settings, "include");
  const exclude = at(settings, "exclude") ?? [];
  if (!isList(include) || !isList(exclude)) return settings;
  const readsBelow = (directory: string) =>
    include.some((path) => typeof path === "string" && path.startsWith(directory));
  const own = [
    ...(readsBelow(POD_LOGS) ? [`${ownLogDirectories(agent)}*`] : []),
    ...(readsBelow(CONTAINER_LOGS) ? [ownLogLinks(agent)] : []),
  ].filter((path) => !exclude.includes(path));
  return own.length === 0 ? settings : { ...settings, exclude: [...exclude, ...own] };
}
