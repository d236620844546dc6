import type { YamlValue } from "./yaml-value.ts";

/** What a plain text starts with that may be something other than text. */
const MAYBE_OTHER = /^[-+.0-9~nNtTfF]/;
const WORDS = new Map<string, boolean | number | null>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word) => [word, Infinity] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, -Infinity] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, NaN] as const),
]);
const DECIMAL = "[-+]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][-+]?[0-9]+)?";
/** Numbers of YAML 1.2. */
const NUMBER = new RegExp(`^(?:0o[0-7]+|0x[0-9a-fA-F]+|${DECIMAL})$`);
const WHOLE = /^(?:0[ox][0-9a-fA-F]+|[-+]?[0-9]+)$/;
/** Such as `0750`: another value in YAML 1.1. */
const LEADING_ZERO = /^[-+]?0[0-9]+$/;
/** Numbers of any parser, once their underscores are gone. */
const NUMBER_ELSEWHERE = new RegExp(`^(?:[-+]?0[xXoObB][-+]?[0-9a-fA-F]+|${DECIMAL})$`);
/** A point in time, which YAML 1.1 has a type for. */
const TIME = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt ])/;
/** What 64 bits hold; the collector reads whole numbers beyond it as floating point. */
const LEAST = -(2n ** 63n);
const MOST = 2n ** 64n - 1n;

/**
 * The value of a text without quotes, by YAML 1.2; undefined where the collector's parser reads another one than YAML 1.2 says, or
 * can't hold it. Whole numbers beyond 2^53 are bigint.
 */
export function plainValue(text: string): YamlValue | undefined {
  if (text !== "" && !MAYBE_OTHER.test(text)) return text;
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (NUMBER.test(text)) return LEADING_ZERO.test(text) ? undefined : numberOf(text);
  return NUMBER_ELSEWHERE.test(text.replaceAll("_", "")) || TIME.test(text) ? undefined : text;
}

function numberOf(text: string): YamlValue | undefined {
  const number = Number(text);
  // -0 would come back as a float; nobody means it.
  if (Number.isSafeInteger(number)) return number === 0 ? 0 : number;
  if (!WHOLE.test(text)) return Number.isFinite(number) ? number : undefined;
  // Thousands of digits aren't worth a conversion.
  if (!Number.isFinite(number)) return undefined;
  const exact = BigInt(text);
  if (LEAST <= exact && exact <= MOST) return exact;
  // As floating point is written that is whole, such as 1e20.
  return String(number) === text ? number : undefined;
}

/**
 * Whether the collector takes a key without quotes as it is written. It reads keys as it reads values, and makes texts of them:
 * `True` becomes `true`, `0x10` becomes `16`.
 */
export function isPlainKey(key: string): boolean {
  const value = plainValue(key);
  if (typeof value === "string" || typeof value === "boolean") return String(value) === key;
  // Numbers that need an exponent in one language or the other have two spellings.
  return (
    (typeof value === "number" || typeof value === "bigint") &&
    /^-?[0-9.]+$/.test(key) &&
    String(value) === key &&
    !/^-?0[.]0000/.test(key)
  );
}
