import { describe, expect, test } from "@jest/globals";
import type { Finding } from "../../src/config/finding.ts";
import { documentOf } from "../../src/config/json-document.ts";
import { judgeOwn } from "../../src/config/resolve.ts";
import { judgeSent } from "../../src/remote/judge.ts";
import { CONTEXT } from "./documents.ts";
import { tellOf } from "./told.ts";

/*
 * Names of the platform's document may have any length, in whatever script. What is told of them must fit where it is told.
 */

const LONGEST_MESSAGE = 1_024;
const LONGEST_PATH = 256;

const NAMES: readonly (readonly [name: string, long: string])[] = [
  ["5,000 letters", "x".repeat(5_000)],
  ["5,000 letters that take three bytes each", "語".repeat(5_000)],
  ["5,000 letters outside of the first plane", "𝕏".repeat(5_000)],
  ["quotes and backslashes", '"\\'.repeat(2_500)],
  ["control characters", "\u0000\u001b[31m\u202e".repeat(1_000)],
];

const otlp = { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } };
const exporters = {
  otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } },
};
const pipelines = { traces: { receivers: ["otlp"], exporters: ["otlphttp"] } };
const service = { pipelines };

const PLACES: readonly (readonly [place: string, document: (long: string) => unknown])[] = [
  ["a section", (long) => ({ receivers: { otlp }, exporters, service, [long]: {} })],
  ["a component", (long) => ({ receivers: { otlp, [long]: {} }, exporters, service })],
  ["a component of a known type", (long) => ({ receivers: { otlp, [`otlp/${long}`]: {} }, exporters, service })],
  [
    "a receiver that a pipeline names",
    (long) => ({
      receivers: { otlp },
      exporters,
      service: { pipelines: { traces: { receivers: [long], exporters: ["otlphttp"] } } },
    }),
  ],
  ["a pipeline", (long) => ({ receivers: { otlp }, exporters, service: { pipelines: { [long]: pipelines.traces } } })],
  ["an extension", (long) => ({ receivers: { otlp }, exporters, service: { pipelines, extensions: [long] } })],
  ["a connector", (long) => ({ receivers: { otlp }, exporters, service, connectors: { [`forward/${long}`]: {} } })],
  ["a setting", (long) => ({ receivers: { otlp: { ...otlp, [long]: 1 } }, exporters, service })],
  [
    "an endpoint",
    (long) => ({ receivers: { otlp }, exporters: { otlphttp: { endpoint: `https://${long}/` } }, service }),
  ],
  [
    "a variable",
    (long) => ({ receivers: { otlp: { protocols: { grpc: { endpoint: `\${${long}}` } } } }, exporters, service }),
  ],
  [
    "a detector",
    (long) => ({ receivers: { otlp }, exporters, processors: { resourcedetection: { detectors: [long] } }, service }),
  ],
  ["a key of a list's entry", (long) => ({ receivers: { otlp }, exporters, service: [{ [long]: long }] })],
  [
    "keys nested as deep as may be",
    (long) => ({
      receivers: { otlp },
      exporters,
      service,
      processors: Array.from({ length: 25 }).reduce((inner) => ({ [long]: inner }), {}),
    }),
  ],
];

/** Every finding that a document leads to, from the platform and, where it can be read, from the spec. */
function findingsOf(document: unknown): readonly (readonly Finding[])[] {
  const sent = judgeSent(document, CONTEXT);
  const reading = documentOf(document);
  const own = reading.ok ? judgeOwn(reading.document, CONTEXT) : reading;
  return [sent, own].flatMap((verdict) => (verdict.ok ? [] : [verdict.findings]));
}

describe.each(PLACES)("%s with a name of", (_place, document) => {
  test.each(NAMES)("%s is refused in bounded words, which status and platform take", (_name, long) => {
    const refused = findingsOf(document(long));
    expect(refused.length).toBeGreaterThan(0);
    for (const findings of refused) {
      for (const { path, message } of findings) {
        expect(path.length).toBeLessThanOrEqual(LONGEST_PATH);
        expect(message.length).toBeLessThanOrEqual(LONGEST_MESSAGE);
      }
      tellOf(findings);
    }
  });
});

test("what an earlier release kept of a refusal is told of in bounded words, however long it is", () => {
  const long = "語".repeat(5_000);
  tellOf([{ rule: long, path: long, message: long }]);
});
