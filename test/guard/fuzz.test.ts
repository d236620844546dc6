import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { documentOf } from "../../src/config/json-document.ts";
import { readDocument } from "../../src/config/document.ts";
import { judgeRemote } from "../../src/config/remote.ts";
import { isList, isMap } from "../../src/config/yaml-value.ts";
import type { YamlMap, YamlValue } from "../../src/config/yaml-value.ts";
import { CONTEXT, GATEWAY, VENDOR_CLUSTER, VENDOR_NODE } from "./documents.ts";

/*
 * Good documents are changed at random places with hostile values. Whatever comes out, the guard must neither throw nor hang, and
 * what it accepts must hold what is checked here in another way: by the text that the agents would get.
 */

/** All inputs with SOAK=1; a taste otherwise. */
const RUNS = process.env["SOAK"] === "1" ? 200_000 : 600;

const good = [VENDOR_NODE, VENDOR_CLUSTER, GATEWAY].map((text) => {
  const reading = readDocument(text);
  if (!reading.ok) throw new Error("unreadable");
  return reading.document;
});

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
const input = fc.oneof(
  ...good.map((document) => {
    const somewhere = fc.constantFrom(...places(document));
    return fc.tuple(fc.constant(document), fc.array(fc.tuple(somewhere, change), { minLength: 1, maxLength: 3 }));
  }),
);

test("whatever is changed in a good document, nothing that is accepted reaches out, and nothing throws", () => {
  let accepted = 0;
  fc.assert(
    fc.property(
      input,
      fc.constantFrom("node-agent" as const, "cluster-agent" as const),
      ([document, changes], component) => {
        const changed = changes.reduce<YamlValue>((old, [path, with_]) => withAt(old, path, with_) ?? {}, document);
        const reading = documentOf(changed);
        const verdict = reading.ok ? judgeRemote(reading.document, { ...CONTEXT, component }) : reading;
        if (!verdict.ok) {
          expect(verdict.findings.length).toBeGreaterThan(0);
          return;
        }
        accepted += 1;
        expect(judgeRemote(verdict.document, { ...CONTEXT, component })).toEqual(verdict);
        expect(reaches(verdict.document)).toEqual([]);
      },
    ),
    { numRuns: RUNS },
  );
  expect(accepted).toBeGreaterThan(RUNS / 100);
}, 3_600_000);

/** What an accepted document must not hold where it could act, found without the guard's own code. */
function reaches(document: YamlMap): string[] {
  const found: string[] = [];
  const walk = (entry: YamlValue, path: readonly string[]): void => {
    if (isList(entry)) for (const [index, inner] of entry.entries()) walk(inner, [...path, String(index)]);
    else if (isMap(entry)) {
      for (const [key, inner] of Object.entries(entry)) {
        if (key.includes("::") || key.includes("${")) found.push(`key ${key}`);
        walk(inner, [...path, key]);
      }
    } else if (typeof entry === "string") judge(entry, path);
  };
  const judge = (entry: string, path: readonly string[]) => {
    const [section = "", , ...inner] = path;
    const last = path.at(-1) ?? "";
    // What the collector would expand: a reference with an even number of dollar signs before it.
    for (const [, dollars = "", reference = ""] of entry.matchAll(/(\$*)\$\{([^}]*)\}?/g)) {
      if (dollars.length % 2 === 1) continue;
      const isKey = /^(env:)?KM_API_KEY$/.test(reference);
      if (isKey && !(section === "exporters" && inner[0] === "headers" && last.toLowerCase() === "authorization"))
        found.push(`key in ${path.join(".")}`);
      if (!/^(env:)?(KM|POD|DEPLOYMENT)_[A-Z_]+$/.test(reference)) found.push(`reference in ${path.join(".")}`);
    }
    const address = /(^|_)endpoint$/.test(last) || path.at(-2) === "targets";
    if (
      address &&
      section === "exporters" &&
      !/(^|\/\/)(otel\.example\.com|gateway\.example\.com|10\.1\.2\.3|\$\{(env:)?KM_COLLECTOR_ENDPOINT\})(:[0-9]+)?(\/|$)/i.test(
        entry,
      )
    )
      found.push(`exporter to ${entry}`);
    if (
      address &&
      section === "receivers" &&
      !/^(https?:\/\/)?(0\.0\.0\.0:431[78]$|db\.example\.com(:|\/|$)|10\.1\.2\.4(:|$)|\$\{(env:)?KM_NODE_[A-Z_]+\}:10250$)/.test(
        entry,
      )
    )
      found.push(`receiver to ${entry}`);
    if (
      path.at(-2) === "include" &&
      section === "receivers" &&
      entry.startsWith("/") &&
      !/^\/var\/log\/(pods|containers)\//.test(entry)
    )
      found.push(`reads ${entry}`);
    if (
      /\benv\s*\(|os_env_func/.test(entry) &&
      inner.includes("operators") &&
      ["if", "expr", "value", "is_first_entry"].includes(last) &&
      (last !== "value" || entry.startsWith("EXPR("))
    )
      found.push(`reads the environment in ${path.join(".")}`);
  };
  walk({ ...document, service: null }, []);
  return found;
}
