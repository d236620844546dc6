import fc from "fast-check";
import { isList, isMap } from "../../src/config/yaml-value.ts";
import type { YamlMap, YamlValue } from "../../src/config/yaml-value.ts";

/*
 * Good documents, changed at random places with hostile values: what the fuzzer judges, and of what is accepted, what the real
 * collector runs.
 */

/** Every place of a document, as a path of keys. */
function places(value: YamlValue, path: readonly string[] = []): (readonly string[])[] {
  const inner = isList(value)
    ? value.map((entry, index) => [String(index), entry] as const)
    : isMap(value)
      ? Object.entries(value)
      : [];
  return [path, ...inner.flatMap(([key, entry]) => places(entry, [...path, key]))];
}

/** The document with something else at a place; `undefined` takes it away. */
function withAt(
  value: YamlValue,
  [key, ...rest]: readonly string[],
  change: (old: YamlValue) => YamlValue | undefined,
): YamlValue | undefined {
  if (key === undefined) return change(value);
  if (isList(value)) {
    return value.flatMap((entry, index) => {
      if (String(index) !== key) return [entry];
      const changed = withAt(entry, rest, change);
      return changed === undefined ? [] : [changed];
    });
  }
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, entry]) => {
      if (name !== key) return [[name, entry]];
      const changed = withAt(entry, rest, change);
      return changed === undefined ? [] : [[name, changed]];
    }),
  );
}

const HOSTILE_TEXTS = [
  ...[
    "http://evil.example.org",
    "https://otel.example.com@evil.example.org",
    "evil.example.org:4317",
    "169.254.169.254:80",
    "[::ffff:a9fe:a9fe]:80",
  ],
  ...[
    "http://2852039166/",
    "http://0xa9fea9fe",
    "unix:///var/run/docker.sock",
    "dns://evil.example.org/x",
    "//evil.example.org",
    "localhost:8888",
  ],
  ...[
    "${env:KM_API_KEY}",
    "${KM_API_KEY}",
    "${file:/etc/passwd}",
    "$${env:KM_API_KEY}",
    "$$${env:KM_API_KEY}",
    "${env:KM_NODE_NAME}",
    "${",
    "$KM_API_KEY",
  ],
  ...[
    "/etc/passwd",
    "/var/log/pods/../../x",
    "/var/log/pods/{..,a}/x",
    "/hostfs/etc/shadow",
    "0.0.0.0:9999",
    "0.0.0.0:4317",
    "10ms",
    "1h",
    "0s",
    "",
    "\u0000",
    "EXPR(env('KM_API_KEY'))",
    'env("X")',
  ],
];
const HOSTILE_KEYS = [
  ...[
    "endpoint",
    "traces_endpoint",
    "tls",
    "insecure",
    "ca_file",
    "auth",
    "proxy_url",
    "storage",
    "output_paths",
    "directory",
    "headers",
    "Authorization",
    "Host",
  ],
  ...[
    "tls::insecure",
    "__proto__",
    "constructor",
    "exporters",
    "receivers",
    "kubernetes_sd_configs",
    "relabel_configs",
    "operators",
    "type",
    "if",
    "transport",
    "telemetry",
  ],
];
const text = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.tuple(fc.constantFrom(...HOSTILE_TEXTS), fc.constantFrom(...HOSTILE_TEXTS)).map(([one, other]) => one + other),
  fc.string({ maxLength: 12 }),
);
const { value } = fc.letrec<{ value: YamlValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    fc.constantFrom<YamlValue>(null, true, false, 0, -1, 1.5, 1e9, 10n ** 20n, Number.MAX_SAFE_INTEGER),
    fc.array(tie("value"), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom(...HOSTILE_KEYS), tie("value")), { maxLength: 3 })
      .map((entries): YamlMap => Object.fromEntries(entries)),
  ),
}));

/** One change: another value, something added to a map, a text appended, or nothing left. */
const change = fc.oneof(
  value.map((given) => () => given),
  fc.tuple(fc.constantFrom(...HOSTILE_KEYS), value).map(
    ([key, given]) =>
      (old: YamlValue) =>
        isMap(old) ? { ...old, [key]: given } : old,
  ),
  text.map((given) => (old: YamlValue) => (typeof old === "string" ? old + given : old)),
  value.map((given) => (old: YamlValue) => (isList(old) ? [...old, given] : old)),
  fc.constant(() => undefined),
);
/** One of some good documents with one to three random changes. */
export function hostileDocuments(good: readonly YamlMap[]): fc.Arbitrary<YamlValue> {
  return fc.oneof(
    ...good.map((document) => {
      const changes = fc.array(fc.tuple(fc.constantFrom(...places(document)), change), { minLength: 1, maxLength: 3 });
      return changes.map((list) =>
        list.reduce<YamlValue>((old, [path, with_]) => withAt(old, path, with_) ?? {}, document),
      );
    }),
  );
}
