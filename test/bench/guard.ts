import { readDocument } from "../../src/config/document.ts";
import { documentOf } from "../../src/config/json-document.ts";
import { judgeRemote } from "../../src/config/remote.ts";
import { writeDocument } from "../../src/config/stringify.ts";
import type { YamlMap } from "../../src/config/yaml-value.ts";
import { CONTEXT, GATEWAY } from "../guard/documents.ts";
import { median, table } from "./figures.ts";
import type { Figure } from "./figures.ts";

/** As long as a document may be, with room for what is added to it. */
const BYTES = 230_000;
const ROUNDS = 15;

/** What judging a remote configuration of the longest size costs: as the platform sends it, and as it is read again from a ConfigMap. */
export function measureGuard(): Figure[] {
  const document = longest();
  const text = writeDocument(document);
  const json = JSON.stringify(document);
  const hostile = JSON.stringify({
    receivers: Object.fromEntries(Array.from({ length: 12_000 }, (_, n) => [`a${n}/::`, "${x"])),
  });
  return [
    figure(`guard: ${Math.round(json.length / 1_024)} KiB of JSON judged`, 50, () => judgeJson(json)),
    figure("guard: the same where everything is wrong", 50, () => judgeJson(hostile)),
    figure(`guard: ${Math.round(text.length / 1_024)} KiB of YAML read and judged`, 50, () => {
      const reading = readDocument(text);
      return reading.ok && judgeRemote(reading.document, CONTEXT).ok;
    }),
  ];
}

function judgeJson(json: string): boolean {
  const reading = documentOf(JSON.parse(json));
  return reading.ok && judgeRemote(reading.document, CONTEXT).ok;
}

function figure(what: string, budget: number, act: () => boolean): Figure {
  // The processor's time and not the wall's: the guard is one calculation, and other work of the machine isn't its cost.
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return { what, measured: median(times), budget, unit: "ms CPU" };
}

/** A good document, made long by the statements of many transformations, as people's long ones are. */
function longest(): YamlMap {
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

if (import.meta.main) console.log(table(measureGuard()));
