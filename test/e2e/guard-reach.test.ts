import { hostname } from "node:os";
import { beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readDocument } from "../../src/config/document.ts";
import { documentOf } from "../../src/config/json-document.ts";
import { ensureTools } from "../cluster/build.ts";
import { witness } from "../guard/collector.ts";
import { BUSY } from "../guard/everything.ts";
import { hostileDocuments } from "../guard/hostile.ts";
import { judgeLocal } from "../guard/variations.ts";
import { ANSWER } from "../guard/witness.ts";
import type { Witnessed } from "../guard/witness.ts";

const signal = AbortSignal.timeout(3_600_000);
const SOAK = process.env["SOAK"] === "1";
/** Accepted configurations that are run; the same ones each time but for the soak. */
const SAMPLES = SOAK ? 300 : 12;
const SEED = SOAK ? Date.now() : 20_261_124;
/** Collectors at a time, and how long each is watched. */
const AT_ONCE = 3;
const MILLISECONDS = 4_000;

/** Hosts that the tests' KmAgent allows; gRPC asks for a service's settings below its name, and a detector for the machine's own. */
const NAMES = new RegExp(`^((_grpc_config\\.)?(otel|gateway)\\.example\\.com|${hostname().toLowerCase()})$`);
/** Where those names lead, the address that is allowed, and the test's own name server and senders. */
const CONNECTIONS = new RegExp(
  `^(${ANSWER.replaceAll(".", "\\.")}:[0-9]+|10\\.1\\.2\\.3:[0-9]+|127\\.0\\.0\\.1:(53|4318))$`,
);

const reading = readDocument(BUSY);
if (!reading.ok) throw new Error(JSON.stringify(reading.findings));
const busy = reading.document;

/** What one collector did that no KmAgent of the tests allows. */
function forbidden({ names, connections }: Witnessed): string[] {
  return [...names.filter((name) => !NAMES.test(name)), ...connections.filter((place) => !CONNECTIONS.test(place))];
}

beforeAll(async () => {
  await ensureTools(["otelcol"], signal);
});

describe("a collector that runs what the guard accepts", () => {
  test("reaches the allowed hosts, as the witness sees", async () => {
    const verdict = judgeLocal(busy);
    if (!verdict.ok) throw new Error(JSON.stringify(verdict.findings));
    const seen = await witness(verdict.text, MILLISECONDS, signal);
    expect(seen.names).toEqual(expect.arrayContaining(["otel.example.com", "gateway.example.com"]));
    expect(seen.connections).toEqual(expect.arrayContaining([`${ANSWER}:4318`, `${ANSWER}:4317`, "10.1.2.3:4318"]));
    expect(forbidden(seen)).toEqual([]);
  });

  test("would be seen reaching others, had the guard not refused that", async () => {
    const text = BUSY.replace("https://otel.example.com:4318/v1/logs", "http://169.254.169.254/").replace(
      "gateway.example.com",
      "elsewhere.example.org",
    );
    const bad = readDocument(text);
    expect(bad.ok && judgeLocal(bad.document)).toMatchObject({ ok: false });
    const seen = await witness(text, MILLISECONDS, signal);
    expect(forbidden(seen)).toEqual(expect.arrayContaining(["elsewhere.example.org", "169.254.169.254:80"]));
  });

  test("reaches nobody else, however good configurations are changed", async () => {
    const waiting = acceptedSamples();
    expect(waiting).toHaveLength(SAMPLES);
    const found: string[] = [];
    let ran = 0;
    const worker = async () => {
      for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
        const seen = await witness(text, MILLISECONDS, signal).catch((error: unknown) => {
          waiting.length = 0;
          throw error;
        });
        if (seen.exitCode === null) ran += 1;
        for (const place of forbidden(seen)) found.push(`${place}\n${text}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(found).toEqual([]);
    // A few end at their start, for the guard can't read the collector's own languages.
    expect(ran).toBeGreaterThan(SAMPLES / 2);
  }, 3_600_000);
});

/** Different configurations that are accepted, each a random change away from one that is busy. */
function acceptedSamples(): string[] {
  const found = new Set<string>();
  for (let round = 0; found.size < SAMPLES && round < 100; round++) {
    for (const changed of fc.sample(hostileDocuments([busy]), { numRuns: 1_000, seed: SEED + round })) {
      const copied = documentOf(changed);
      const verdict = copied.ok ? judgeLocal(copied.document) : copied;
      if (verdict.ok && found.size < SAMPLES) found.add(verdict.text);
    }
  }
  return [...found];
}
