import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { anchor } from "../../crds/markdown.ts";

/** The top of this checkout. */
export const TOP = join(import.meta.dirname, "../..");

/** A page for people. */
export interface Page {
  /** From the top of the checkout. */
  readonly path: string;
  readonly text: string;
}

/** A link to something in this checkout. */
export interface Link {
  readonly from: string;
  /** From the top of the checkout; a folder or a file. */
  readonly to: string;
  /** Without its `#`; empty where there is none. */
  readonly anchor: string;
}

/** Pages written by hand, and those that are generated below `docs/reference`. */
export function readPages(): readonly Page[] {
  const below = readdirSync(join(TOP, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name));
  return ["README.md", "test/cluster/README.md", ...below.sort()].map((path) => ({
    path,
    text: readFileSync(join(TOP, path), "utf8"),
  }));
}

/** The text without its blocks of code. */
export function prose(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** Every inline code of a page, as it stands between single backticks. */
export function inlineCode(text: string): readonly string[] {
  return [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** Every link of a page that stays within the checkout. */
export function linksOf({ path, text }: Page): readonly Link[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = "", fragment = ""] = target.split("#");
      const to = file === "" ? path : relative(TOP, join(TOP, dirname(path), file));
      return { from: path, to, anchor: fragment };
    });
}

/** The anchors of a page's headings. */
export function anchorsOf(text: string): ReadonlySet<string> {
  return new Set([...prose(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => anchor(heading)));
}
