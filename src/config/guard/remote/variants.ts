import { below, isMap } from "../../yaml-value.ts";
import { found, knowing, together } from "./shape.ts";
import type { Shape } from "./shape.ts";

/** Settings whose shape depends on one word among them, such as an action. */
export function variants(key: string, shapes: Readonly<Record<string, Shape>>): Shape {
  const known = new Map(Object.entries(shapes));
  const fields = together(Object.values(shapes));
  return knowing(fields, (value, path, scope) => {
    if (!isMap(value)) return found("settings", path, "must be a map of settings");
    const word = Object.hasOwn(value, key) ? value[key] : undefined;
    const shape = typeof word === "string" ? known.get(word) : undefined;
    return shape
      ? shape(value, path, scope)
      : found("settings", below(path, key), `must be ${[...known.keys()].join(" or ")}`);
  });
}

/** A text that isn't empty, for a collector takes an empty one for none. */
export const nonEmpty: Shape = (value, path) => {
  if (typeof value !== "string") return found("settings", path, "must be a text");
  if (value === "") return found("settings", path, "must not be empty");
  return value.length <= 1_024 ? [] : found("limits", path, "must be at most 1024 characters long");
};

/** Exactly one of some keys. */
export function oneKeyOf(...keys: readonly string[]): Shape {
  return (value, path) => {
    const count = isMap(value) ? keys.filter((key) => Object.hasOwn(value, key)).length : 0;
    return count === 1 ? [] : found("settings", path, `must have exactly one of ${keys.join(", ")}`);
  };
}
