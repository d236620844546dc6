import { readDocument } from "../../src/config/document.ts";
import { documentOf } from "../../src/config/json-document.ts";
import { judgeRemote } from "../../src/config/remote.ts";
import { writeDocument } from "../../src/config/stringify.ts";
import type { YamlMap } from "../../src/config/yaml-value.ts";
import { CONTEXT, GATEWAY } from "../guard/documents.ts";

/*
 * Judges one kind of document some times and prints the milliseconds of CPU that each time took. `guard.ts` bundles this as the
 * operator is bundled and runs it as the image would, once for each kind.
 */

/** As long as a document may be, with room for what is added to it. */
const BYTES = 230_000;
const ROUNDS = 20;

const longest = makeLongest();
const json = JSON.stringify(longest);
const text = writeDocument(longest);
const hostile = JSON.stringify({
  receivers: Object.fromEntries(Array.from({ length: 12_000 }, (_, n) => [`a${n}/::`, "${x"])),
});

const KINDS: Readonly<Record<string, { readonly bytes: number; readonly judge: () => boolean }>> = {
  json: { bytes: json.length, judge: () => judgeJson(json) },
  hostile: { bytes: hostile.length, judge: () => !judgeJson(hostile) },
  yaml: { bytes: text.length, judge: judgeYaml },
};

function judgeJson(sent: string): boolean {
  const reading = documentOf(JSON.parse(sent));
  return reading.ok && judgeRemote(reading.document, CONTEXT).ok;
}

function judgeYaml(): boolean {
  const reading = readDocument(text);
  return reading.ok && judgeRemote(reading.document, CONTEXT).ok;
}

/** A good document, made long by the statements of many transformations, as people's long ones are. */
function makeLongest(): YamlMap {
  const reading = readDocument(GATEWAY);
  if (!reading.ok) throw new Error("the document of the tests can't be read");
  const statement =
    'set(attributes["shop.checkout.step"], Concat([attributes["a"], "b"], "-")) where attributes["c"] != nil';
  const block = { context: "log", statements: Array.from({ length: 20 }, () => statement) };
  const size = JSON.stringify(block).length;
  const count = Math.floor((BYTES - JSON.stringify(reading.document).length) / (size + 40));
  const transforms = Array.from({ length: count }, (_, n) => [`transform/${n}`, { log_statements: [block] }] as const);
  const { processors } = reading.document;
  return { ...reading.document, processors: { ...(processors as YamlMap), ...Object.fromEntries(transforms) } };
}

const kind = KINDS[process.argv[2] ?? ""];
if (kind === undefined) throw new Error(`name one of ${Object.keys(KINDS).join(", ")}`);
const times = Array.from({ length: ROUNDS }, () => {
  // The processor's time and not the wall's: the guard is one calculation, and other work of the machine isn't its cost.
  const before = process.cpuUsage();
  if (!kind.judge()) throw new Error("another verdict than expected");
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
});
console.log(JSON.stringify({ bytes: kind.bytes, times }));
