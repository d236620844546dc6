import { beforeAll, expect, test } from "@jest/globals";
import { ensureTools } from "../cluster/build.ts";
import { validate } from "../guard/collector.ts";
import { acceptedDocuments, judgeLocal } from "../guard/variations.ts";
import { SAMPLES } from "../guard/everything.ts";
import { documentWith } from "../guard/variations.ts";

const signal = AbortSignal.timeout(600_000);

/** Generated configurations; each holds a share of all that the guard accepts. */
const DOCUMENTS = process.env["SOAK"] === "1" ? 400 : 100;
/** Collectors at a time. */
const AT_ONCE = 2;

beforeAll(async () => {
  await ensureTools(["otelcol"], signal);
});

test.each(SAMPLES.map((sample, index) => [`${sample.kind}.${sample.type} (${String(index)})`, sample] as const))(
  "guard and collector accept %s with all of its settings",
  async (_, sample) => {
    const verdict = judgeLocal(documentWith([{ sample, settings: sample.settings }]));
    expect(verdict).toMatchObject({ ok: true });
    expect(verdict.ok && (await validate(verdict.text, signal))).toBeNull();
  },
);

test("whatever type a setting has, the collector accepts what the guard accepts", async () => {
  const waiting = acceptedDocuments(DOCUMENTS);
  expect(waiting.length).toBeGreaterThanOrEqual(100);
  const refused: string[] = [];
  const worker = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const words = await validate(next.text, signal);
      if (words !== null) refused.push(`${next.places.join(", ")}: ${words}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(refused).toEqual([]);
});
