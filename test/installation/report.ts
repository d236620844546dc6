import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { WORLD_FOLDER } from "./world.ts";

/** Notes figures of a run beside what its setup left, one JSON line each in `<topic>.jsonl`, and shows them on stderr. */
export function report(topic: string, figures: Readonly<Record<string, unknown>>): void {
  mkdirSync(WORLD_FOLDER, { recursive: true });
  const line = JSON.stringify({ topic, ...figures });
  appendFileSync(join(WORLD_FOLDER, `${topic}.jsonl`), `${line}\n`);
  process.stderr.write(`  ${line}\n`);
}
