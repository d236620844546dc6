/** An object of JSON as it was parsed; nothing is known of its members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a parsed value is an object of JSON, and not a list, a scalar or null. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const EMPTY: JsonObject = Object.freeze({});

/** The members of an object of JSON; none of anything else. */
export function membersOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : EMPTY;
}

/** Those members of an object of JSON that are text. */
export function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(membersOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
