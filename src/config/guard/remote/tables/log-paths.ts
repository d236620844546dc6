import { found } from "../shape.ts";
import type { Shape } from "../shape.ts";

/** Directories below which a remote configuration may read logs: the logs of containers, and nothing else of the node. */
export const LOG_DIRECTORIES: readonly string[] = ["/var/log/pods/", "/var/log/containers/"];

/** Alternatives that are plain words, so that no choice among them makes `..` or a slash. */
const PLAIN_BRACES = /\{[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*\}/g;

/** A glob below the directories of container logs, with nothing in it that could lead out. */
export const logPath: Shape = (value, path) => {
  if (typeof value !== "string") return found("settings", path, "must be a text");
  if (value.length > 1_024) return found("limits", path, "must be at most 1024 characters long");
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
