import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { customResourceDefinition } from "../src/api/crd.ts";
import { CONDITION_REASONS, EVENT_REASONS, NODE_REASONS } from "../src/api/reasons.ts";
import { conditionsPage } from "./conditions-page.ts";
import { kmagentPage } from "./kmagent-page.ts";
import { anchor, code, table } from "./markdown.ts";
import { PRODUCERS } from "./producers.ts";

describe("generated files", () => {
  test.each(PRODUCERS)("$path is what the code makes; `make generate` writes it anew", ({ path, content }) => {
    expect(readFileSync(join(import.meta.dirname, "..", path), "utf8")).toBe(content());
  });

  test.each(PRODUCERS)("$path is the same each time it is made", ({ content }) => {
    expect(content()).toBe(content());
  });

  test("the CRD's file holds the CRD and nothing that YAML changed on the way", () => {
    const file = PRODUCERS.find(({ path }) => path.startsWith("crds/"))?.content() ?? "";
    expect(parse(file)).toEqual(JSON.parse(JSON.stringify(customResourceDefinition())));
    expect(file).not.toMatch(/^ *[^"'|]*: [&*]/m);
  });
});

describe("the reference of the KmAgent", () => {
  const page = kmagentPage();

  test("links only to headings that are there", () => {
    const headings = new Set([...page.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => anchor(heading)));
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, link = ""]) => link);
    expect(links.length).toBeGreaterThan(30);
    expect(links.filter((link) => !headings.has(link))).toEqual([]);
  });

  test("has no two headings alike", () => {
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => anchor(heading));
    expect(headings.filter((heading, index) => headings.indexOf(heading) !== index)).toEqual([]);
  });

  test.each([
    "`clusterName`",
    "`configCheckInterval`",
    "`allowedExporterHosts`",
    "`terminationGracePeriodSeconds`",
    "`uncoveredNodes`",
  ])("names the field %s", (field) => {
    expect(page).toContain(field);
  });
});

test("the reference of reasons names each of them", () => {
  const page = conditionsPage();
  const reasons = [CONDITION_REASONS, NODE_REASONS, EVENT_REASONS].flatMap((of) => Object.keys(of));
  expect(reasons.filter((reason) => !page.includes(`| \`${reason}\` |`))).toEqual([]);
});

describe("markdown", () => {
  test("a table leaves out an empty column and escapes what would end a cell", () => {
    expect(table(["A", "B", "C"], [["1|2", "", "x\ny"]])).toBe("| A | C |\n| --- | --- |\n| 1\\|2 | x<br>y |");
  });

  test("code with backticks is quoted with two", () => {
    expect([code("a"), code("a`b")]).toEqual(["`a`", "`` a`b ``"]);
  });
});
