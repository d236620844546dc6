import type { Finding } from "../../finding.ts";
import { isList, isMap, pathOf } from "../../yaml-value.ts";
import type { YamlMap, YamlValue } from "../../yaml-value.ts";

/** What is looked at in each text of a document: keys as well as values. Messages are null where nothing is wrong. */
export interface TextJudge {
  readonly rule: string;
  readonly key: (key: string) => string | null;
  readonly value: (text: string, path: readonly (string | number)[]) => string | null;
}

/** Judges every key and every text of a document. Paths are spelled out only where something is wrong. */
export function judgeTexts(document: YamlMap, { rule, key, value }: TextJudge): Finding[] {
  const findings: Finding[] = [];
  const path: (string | number)[] = [];
  const report = (message: string | null) => {
    if (message !== null) findings.push({ rule, path: pathOf(path), message });
  };
  const step = (name: string | number, entry: YamlValue, isKey: boolean) => {
    path.push(name);
    if (isKey) report(key(String(name)));
    walk(entry);
    path.pop();
  };
  const walk = (entry: YamlValue): void => {
    if (typeof entry === "string") report(value(entry, path));
    else if (isList(entry)) for (const [index, inner] of entry.entries()) step(index, inner, false);
    else if (isMap(entry)) for (const [name, inner] of Object.entries(entry)) step(name, inner, true);
  };
  walk(document);
  return findings;
}
