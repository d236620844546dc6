import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse, parseAllDocuments } from "yaml";
import { CONDITION_TYPES } from "../../src/api/conditions.ts";
import { rootSchema } from "../../src/api/crd.ts";
import { CONDITION_REASONS, EVENT_REASONS, NODE_REASONS } from "../../src/api/reasons.ts";
import { commandLine } from "../../src/cli.ts";
import { METRICS } from "../../src/telemetry/metric-table.ts";
import { anchorsOf, inlineCode, linksOf, readPages, TOP } from "./pages.ts";

/*
 * What the pages say is held against the code. That the pages of docs/reference are what the code makes is tested where they are
 * made (crds/producers.test.ts); here it is what people wrote, and whether the words that the code declares are ever said.
 */

const pages = readPages();
const written = pages.filter(({ path }) => !path.startsWith("docs/reference/"));
const operations = textOf("docs/operations.md");

function textOf(path: string): string {
  return pages.find((page) => page.path === path)?.text ?? "";
}

/** Sources that ship, by path from the top. */
const sources = readdirSync(join(TOP, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => ({ path: join("src", name), text: readFileSync(join(TOP, "src", name), "utf8") }));
const declarations = new Set(["src/api/reasons.ts", "src/api/conditions.ts", "src/telemetry/metric-table.ts"]);
const says = (word: string) => sources.some(({ path, text }) => !declarations.has(path) && text.includes(word));

const knownReasons = new Set([CONDITION_REASONS, NODE_REASONS, EVENT_REASONS].flatMap((of) => Object.keys(of)));
const knownMetrics = new Set<string>(Object.keys(METRICS));

describe("links", () => {
  test.each(written.map((page) => [page.path, page] as const))("of %s lead to files and headings", (_, page) => {
    const broken = linksOf(page).filter(({ to, anchor }) => {
      if (!existsSync(join(TOP, to))) return true;
      return anchor !== "" && !anchorsOf(readFileSync(join(TOP, to), "utf8")).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("reach every page from README.md", () => {
    const reached = new Set(["README.md"]);
    for (const path of reached) {
      const page = pages.find((candidate) => candidate.path === path);
      const inFolder = pages.filter((candidate) => candidate.path === join(path, "README.md"));
      for (const { path: index } of inFolder) reached.add(index);
      if (page) for (const { to } of linksOf(page)) reached.add(to);
    }
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("what the pages name", () => {
  test("as a target of make is in the Makefile", () => {
    const makefile = readFileSync(join(TOP, "Makefile"), "utf8");
    const targets = new Set([...makefile.matchAll(/^([a-z-]+):.*## /gm)].map(([, target = ""]) => target));
    const named = written.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:`|^)make ([a-z-]+)/gm)].map(([, target = ""]) => ({ path, target })),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ target }) => !targets.has(target))).toEqual([]);
  });

  test("as a file or folder of this project is there", () => {
    const files = new Set(sources.map(({ path }) => basename(path)));
    const missing = written.flatMap(({ path, text }) =>
      inlineCode(text)
        .filter((code) => {
          if (/^(src|test|helm|docs|crds|\.ci)\/[\w./-]*[\w/]$/.test(code)) return !existsSync(join(TOP, code));
          // A bare name is that of a source, which stands beside a whole path.
          return /^[a-z-]+\.ts$/.test(code) && path.startsWith("docs/") && !files.has(code) && !existsInTests(code);
        })
        .map((code) => `${path}: ${code}`),
    );
    expect(missing).toEqual([]);
  });

  test("as a metric exists, labels in queries too", () => {
    const named = written.flatMap(({ text }) => [...text.matchAll(/\bkmagent_[a-z_]+\b/g)].map(([name]) => name));
    const base = (name: string) => name.replace(/_(bucket|count|sum)$/, "");
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !knownMetrics.has(name) && !knownMetrics.has(base(name)))).toEqual([]);
  });

  test("as a condition in a query exists", () => {
    const types = [...operations.matchAll(/\btype="([A-Za-z]+)"/g)].map(([, type = ""]) => type);
    expect(types.length).toBeGreaterThan(2);
    expect(types.filter((type) => !(CONDITION_TYPES as readonly string[]).includes(type))).toEqual([]);
  });

  test("as a reason or condition in a table or heading of the operations page exists", () => {
    const cells = operations
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .flatMap((line) => inlineCode(line.split("|")[1] ?? ""))
      .filter((code) => /^[A-Z][A-Za-z]+$/.test(code));
    const headings = [...operations.matchAll(/^### ((?:[A-Z][a-z]+){2,}(?:, [A-Z][A-Za-z]+)*)$/gm)].flatMap(
      ([, heading = ""]) => heading.split(", "),
    );
    expect(cells.length + headings.length).toBeGreaterThan(12);
    expect([...cells, ...headings].filter((word) => !knownReasons.has(word))).toEqual([]);
  });

  test("as a message of the log is logged", () => {
    const table = /^## Logs$([\s\S]*)/m.exec(operations)?.[1] ?? "";
    const messages = table
      .split("\n")
      .filter((line) => /^\| (debug|info|warn|error)/.test(line))
      .flatMap((line) => inlineCode(line.split("|")[2] ?? ""))
      .map((message) => message.replace(/…$/, ""));
    expect(messages.length).toBeGreaterThan(12);
    expect(messages.filter((message) => !says(message))).toEqual([]);
  });

  test("as a command of the operator is one", () => {
    const known = new Set(commandLine().commands.map((command) => command.name()));
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/`kmagent-operator ([a-z]+)/g)].map(([, command = ""]) => ({ path, command })),
    );
    expect(named.filter(({ command }) => !known.has(command))).toEqual([]);
  });

  test("as a dotted field is one of the KmAgent or of the chart's values", () => {
    const roots = Object.keys({
      ...kmagentFields["spec"]?.properties,
      ...kmagentFields["status"]?.properties,
      ...values,
    });
    const tokens = written.flatMap(({ path, text }) =>
      inlineCode(text)
        .map((code) => code.replace(/[:=].*$/, ""))
        .filter((code) => /^[a-z][A-Za-z]*(\.[a-zA-Z]+)+$/.test(code) && !/\.(ts|md|mjs|json|sh|yaml)$/.test(code))
        .filter((code) => ["spec", "status", ...roots].includes(code.split(".")[0] ?? ""))
        .map((code) => ({ path, code })),
    );
    expect(tokens.length).toBeGreaterThan(40);
    expect(tokens.filter(({ code }) => !isField(code))).toEqual([]);
  });
});

describe("words that the code declares", () => {
  test.each([...knownReasons])("reason %s is given by some rule", (reason) => {
    expect(says(`"${reason}"`)).toBe(true);
  });

  test.each(CONDITION_TYPES)("condition %s is judged by src/status", (type) => {
    expect(sources.some(({ path, text }) => path.startsWith("src/status/") && text.includes(`"${type}"`))).toBe(true);
  });

  test.each([...knownMetrics])("metric %s is set somewhere", (metric) => {
    expect(says(`"${metric}"`)).toBe(true);
  });
});

test("every row of the coverage page has its test, and every test its row", () => {
  const rows = [...textOf("docs/contract-coverage.md").matchAll(/^\| (\d+) .*`row (\d+):`/gm)];
  expect(rows.filter(([, row, named]) => row !== named)).toEqual([]);
  const tests = readFileSync(join(TOP, "test/e2e/monitoring-page.test.ts"), "utf8").matchAll(/test\("row (\d+):/g);
  expect(new Set([...tests].map(([, row]) => row))).toEqual(new Set(rows.map(([, row]) => row)));
});

test("every right that the chart grants is explained on the security page", () => {
  const golden = readFileSync(join(TOP, "test/chart/golden/defaults.expected.yaml"), "utf8");
  const rules = parseAllDocuments(golden).flatMap((document) => (document.toJSON() as { rules?: Rule[] }).rules ?? []);
  const resources = new Set(rules.flatMap((rule) => rule.resources ?? []));
  const explained = new Set(inlineCode(textOf("docs/security.md")));
  expect(resources.size).toBeGreaterThan(20);
  expect([...resources].filter((resource) => !explained.has(resource))).toEqual([]);
});

interface Rule {
  readonly resources?: readonly string[];
}

interface Fields {
  readonly properties?: Readonly<Record<string, Fields>>;
  readonly items?: Fields;
  readonly additionalProperties?: unknown;
}

const root: Fields = JSON.parse(JSON.stringify(rootSchema())) as Fields;
const kmagentFields = root.properties ?? {};
const values = parse(readFileSync(join(TOP, "helm/kmagent-operator/values.yaml"), "utf8")) as Record<string, unknown>;

/** Whether a dotted name leads somewhere from the KmAgent's top, from its spec, from its status, or in the chart's values. */
function isField(dotted: string): boolean {
  const steps = dotted.split(".");
  const starts = [root, kmagentFields["spec"], kmagentFields["status"]];
  return starts.some((start) => start !== undefined && leads(start, steps)) || isValue(steps);
}

function leads(fields: Fields, steps: readonly string[]): boolean {
  const [step, ...rest] = steps;
  if (step === undefined) return true;
  const next = fields.properties?.[step] ?? fields.items?.properties?.[step];
  if (next !== undefined) return leads(next, rest);
  // Below here anything goes, such as the resources in limits.
  return fields.additionalProperties !== undefined;
}

function isValue(steps: readonly string[]): boolean {
  let at: unknown = values;
  for (const step of steps) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return false;
    at = (at as Record<string, unknown>)[step];
  }
  return true;
}

function existsInTests(name: string): boolean {
  return readdirSync(join(TOP, "test"), { recursive: true, encoding: "utf8" }).some((path) => basename(path) === name);
}

test("docs/testing.md says of every file of cluster tests what it answers", () => {
  const files = readdirSync(join(TOP, "test/e2e")).filter((name) => name.endsWith(".test.ts"));
  const testing = textOf("docs/testing.md");
  expect(files.filter((name) => !testing.includes(`test/e2e/${name}`))).toEqual([]);
});
