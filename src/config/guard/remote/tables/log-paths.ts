import { CONTAINER_LOGS, POD_LOGS } from "../../../own-logs.ts";
import { found } from "../shape.ts";
import type { Shape } from "../shape.ts";

/** Directories below which a remote configuration may read logs: the logs of containers, and nothing else of the node. */
export const LOG_DIRECTORIES: readonly string[] = [POD_LOGS, CONTAINER_LOGS];

/** Alternatives that are plain words, so that no choice among them makes `..` or a slash. */
const PLAIN_BRACES = /\{[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*\}/g;

/** Most groups of alternatives in a glob: each multiplies the ways in which it is tried. */
const MAX_BRACES = 4;
/** Most `**` in a glob: each is tried at every depth. */
const MAX_DEEP = 2;

/** A glob that is matched in a time that nobody notices. */
export const pathPattern: Shape = (value, path) => {
  if (typeof value !== "string") return found("settings", path, "must be a text");
  if (value.length > 1_024) return found("limits", path, "must be at most 1024 characters long");
  if (value.split("{").length - 1 > MAX_BRACES) return found("limits", path, `must have at most ${MAX_BRACES} braces`);
  return value.split("**").length - 1 > MAX_DEEP ? found("limits", path, `must have at most ${MAX_DEEP} **`) : [];
};

/** A glob below the directories of container logs, with nothing in it that could lead out. */
export const logPath: Shape = (value, path, scope) => {
  const costly = pathPattern(value, path, scope);
  if (costly.length > 0 || typeof value !== "string") return costly;
  if (!LOG_DIRECTORIES.some((directory) => value.startsWith(directory) && value.length > directory.length)) {
    return found("paths", path, `must be below ${LOG_DIRECTORIES.join(" or ")}`);
  }
  if (/[\\$]/.test(value)) return found("paths", path, "must hold no backslash and no variable");
  if (/[{}]/.test(value.replaceAll(PLAIN_BRACES, ""))) {
    return found("paths", path, "may hold braces only around plain words, such as {api,web}");
  }
  return value.split("/").some((part) => part === ".." || part === ".")
    ? found("paths", path, "must not lead upwards")
    : [];
};
