import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../../../test/properties.ts";
import { parse } from "yaml";
import { distributionOf } from "../components.ts";
import type { Distribution } from "../components.ts";
import type { YamlMap, YamlValue } from "../yaml-value.ts";
import { guard } from "./guard.ts";

const good = `
extensions: { health_check: { endpoint: "0.0.0.0:13133" } }
receivers: { otlp: { protocols: { grpc: {} } } }
processors: { batch: {} }
connectors: { spanmetrics: {} }
exporters: { debug: {} }
service:
  extensions: [health_check]
  pipelines:
    traces: { receivers: [otlp], processors: [batch], exporters: [debug, spanmetrics] }
    metrics/spans: { receivers: [spanmetrics], exporters: [debug] }
`;

const kloudmate = distributionOf({ distribution: "kloudmate" });
const contrib = distributionOf({ distribution: "contrib" });

function judge(text: string, distribution: Distribution = kloudmate) {
  return guard(parse(text) as YamlMap, { component: "node-agent", distribution });
}

describe("the guard of every configuration", () => {
  test("accepts the configuration that the rows below are one change away from", () => {
    expect(judge(good)).toEqual({ ok: true });
  });

  test.each<[string, string, string]>([
    ["a component with a name", "batch: {}", "batch: {}, batch/second one: {}"],
    ["the pod's own address for the health endpoint", '"0.0.0.0:13133"', '"${env:KM_POD_IP}:13133"'],
    ["every address of both families for the health endpoint", '"0.0.0.0:13133"', '"[::]:13133"'],
    ["a component that is defined and not used", "processors: {", "processors: { resource: {}, "],
    ["a component without settings", "batch: {}", "batch: "],
    ["a pipeline without processors", "processors: [batch], ", ""],
    ["an empty list of processors", "processors: [batch], ", "processors: [], "],
  ])("accepts %s", (_, from, to) => {
    expect(judge(good.replace(from, to))).toEqual({ ok: true });
  });

  test.each<[string, string, string, string, string]>([
    ["an unknown section", "processors:", "procesors:", "sections", "procesors"],
    ["a section that is a list", "{ batch: {} }", "[batch]", "sections", "processors"],
    ["an unknown part of the service", "  pipelines:", "  pipeline: {}\n  pipelines:", "sections", "service.pipeline"],
    ["a component that the image lacks", "{ batch: {} }", "{ batch: {}, bacth: {} }", "components", "processors.bacth"],
    [
      "a receiver's type among exporters",
      "{ debug: {} }",
      "{ debug: {}, filelog: {} }",
      "components",
      "exporters.filelog",
    ],
    ["an id with an empty name", "{ batch: {} }", "{ batch: {}, batch/: {} }", "components", "processors.batch/"],
    ["settings that are a text", "{ batch: {} }", "{ batch: {}, resource: x }", "components", "processors.resource"],
    ["a pipeline of an unknown signal", "traces:", "spans:", "pipelines", "service.pipelines.spans"],
    [
      "a pipeline that is a list",
      "{ receivers: [spanmetrics], exporters: [debug] }",
      "[]",
      "pipelines",
      "service.pipelines.metrics/spans",
    ],
    ["a pipeline without receivers", "receivers: [otlp], ", "", "pipelines", "service.pipelines.traces.receivers"],
    [
      "a pipeline with no exporters",
      "exporters: [debug] }",
      "exporters: [] }",
      "pipelines",
      "service.pipelines.metrics/spans.exporters",
    ],
    [
      "a list that is a text",
      "receivers: [otlp]",
      "receivers: otlp",
      "pipelines",
      "service.pipelines.traces.receivers",
    ],
    ["a list with a number", "[batch]", "[batch, 1]", "pipelines", "service.pipelines.traces.processors[1]"],
    ["the same component twice", "[batch]", "[batch, batch]", "pipelines", "service.pipelines.traces.processors[1]"],
    [
      "an unknown part of a pipeline",
      "processors: [batch]",
      "procesors: [batch]",
      "pipelines",
      "service.pipelines.traces.procesors",
    ],
    [
      "a receiver that isn't defined",
      "receivers: [otlp]",
      "receivers: [otlp, otlp/2]",
      "references",
      "service.pipelines.traces.receivers[1]",
    ],
    ["a processor that isn't defined", "[batch]", "[resource]", "references", "service.pipelines.traces.processors[0]"],
    [
      "a connector among processors",
      "[batch]",
      "[spanmetrics]",
      "references",
      "service.pipelines.traces.processors[0]",
    ],
    [
      "an exporter that isn't defined",
      "[debug] }",
      "[otlphttp] }",
      "references",
      "service.pipelines.metrics/spans.exporters[0]",
    ],
    [
      "a name that every object has",
      "[batch]",
      "[constructor]",
      "references",
      "service.pipelines.traces.processors[0]",
    ],
    [
      "an extension that isn't defined",
      "[health_check]",
      "[health_check, zpages]",
      "references",
      "service.extensions[1]",
    ],
    ["extensions that are a text", "[health_check]", "health_check", "references", "service.extensions"],
    ["a connector that nothing exports to", ", spanmetrics] }", "] }", "references", "connectors.spanmetrics"],
    ["a connector that nothing receives from", "[spanmetrics]", "[otlp]", "references", "connectors.spanmetrics"],
    [
      "the health endpoint on another port",
      "0.0.0.0:13133",
      "0.0.0.0:13134",
      "health_check",
      "extensions.health_check.endpoint",
    ],
    [
      "the health endpoint on the loopback",
      "0.0.0.0:13133",
      "localhost:13133",
      "health_check",
      "extensions.health_check.endpoint",
    ],
    [
      "the health endpoint at another path",
      '13133" }',
      '13133", path: /healthz }',
      "health_check",
      "extensions.health_check.path",
    ],
    [
      "the health endpoint behind TLS",
      '13133" }',
      '13133", tls: { cert_file: x } }',
      "health_check",
      "extensions.health_check.tls",
    ],
    ["the health endpoint switched off", "[health_check]", "[]", "health_check", "service.extensions"],
  ])("refuses %s", (_, from, to, rule, path) => {
    expect(good).toContain(from);
    const verdict = judge(good.replace(from, to));
    expect(verdict.ok ? "accepted" : verdict.findings[0]).toMatchObject({ rule, path });
  });

  test("refuses a document without pipelines, and says where one belongs", () => {
    const verdict = judge("{}");
    expect(verdict.ok ? [] : verdict.findings.map(({ path }) => path)).toEqual([
      "service.pipelines",
      "service.extensions",
    ]);
  });

  test("leaves components that it doesn't know to the collector where the image's list isn't complete", () => {
    expect(judge(good.replace("debug: {}", "debug: {}, kafka: {}"), contrib)).toEqual({ ok: true });
  });

  test("refuses an image without a health endpoint", () => {
    const components = { ...kloudmate.components, extensions: [] };
    const custom: Distribution = { name: "custom", complete: true, components };
    const verdict = judge(good, custom);
    expect(verdict.ok ? [] : verdict.findings.map(({ rule }) => rule)).toContain("health_check");
  });

  test("never throws, whatever the shape", () => {
    const word = fc.constantFrom(
      ...["service", "pipelines", "receivers", "processors", "exporters", "extensions", "connectors", "traces", "otlp"],
      ...["debug", "health_check", "endpoint", "constructor", "__proto__"],
    );
    const { value } = fc.letrec<{ value: YamlValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: "medium" },
        fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.array(fc.tuple(word, tie("value")), { maxLength: 5 }).map((entries): YamlMap => Object.fromEntries(entries)),
      ),
    }));
    fc.assert(
      fc.property(fc.array(fc.tuple(word, value)), (entries) => {
        const verdict = guard(Object.fromEntries(entries), { component: "node-agent", distribution: kloudmate });
        expect(verdict.ok || verdict.findings.length > 0).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });
});
