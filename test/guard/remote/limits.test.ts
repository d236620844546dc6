import { describe, expect, test } from "@jest/globals";
import { judgeRemote } from "../../../src/config/remote.ts";
import type { YamlMap } from "../../../src/config/yaml-value.ts";
import { CONTEXT, GATEWAY, judgeText } from "../documents.ts";

test("a pipeline that is too long once our limiter stands in it is refused, for it would be when it is judged again", () => {
  const ids = Array.from({ length: 64 }, (_, index) => `batch/${index}`);
  const document = {
    receivers: { otlp: { protocols: { grpc: {} } } },
    processors: Object.fromEntries(ids.map((id) => [id, {}])),
    exporters: { otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}" } },
    service: { pipelines: { logs: { receivers: ["otlp"], processors: ids, exporters: ["otlphttp"] } } },
  };
  expect(judgeRemote(document, CONTEXT)).toMatchObject({
    findings: [{ rule: "limits", path: "service.pipelines.logs.processors" }],
  });
  const { pipelines } = document.service;
  const shorter = { ...document, service: { pipelines: { logs: { ...pipelines.logs, processors: ids.slice(1) } } } };
  expect(judgeRemote(shorter, CONTEXT).ok).toBe(true);
});

describe("the number of parts", () => {
  test.each<[string, (many: string[]) => YamlMap, string]>([
    [
      "components",
      (many) => ({ processors: Object.fromEntries(many.map((name) => [`batch/${name}`, {}])) }),
      "processors",
    ],
    [
      "components of a pipeline",
      (many) => ({ service: { pipelines: { traces: { receivers: many } } } }),
      "service.pipelines.traces.receivers",
    ],
    [
      "pipelines",
      (many) => ({ service: { pipelines: Object.fromEntries(many.map((name) => [`traces/${name}`, {}])) } }),
      "service.pipelines",
    ],
    ["extensions", (many) => ({ service: { extensions: many } }), "service.extensions"],
    ["sections", (many) => Object.fromEntries(many.map((name) => [name, {}])), ""],
  ])("is bounded for %s, and judged alone", (_, document, path) => {
    const many = Array.from({ length: 20_000 }, (_entry, index) => `a${index}`);
    const verdict = judgeRemote(document(many), CONTEXT);
    expect(verdict.ok ? [] : verdict.findings).toMatchObject([{ rule: "limits", path }]);
  });
});

describe("a limiter's limit", () => {
  const limited = (mib: number, bytes: number | null) => {
    const text = GATEWAY.replace("limit_percentage: 80, spike_limit_percentage: 20", `limit_mib: ${mib}`);
    const memory = { "node-agent": bytes, "cluster-agent": 64 * 2 ** 20 };
    return judgeText(text, { limits: { ...CONTEXT.limits, memory } });
  };
  const wrong = { findings: [{ rule: "limits", path: "processors.memory_limiter.limit_mib" }] };

  test.each<[string, number, number | null, object]>([
    ["may be most of the container's", 486, 512 * 2 ** 20, { ok: true }],
    ["may not be all of it", 512, 512 * 2 ** 20, wrong],
    ["may grow with the container's", 972, 2 ** 30, { ok: true }],
    ["may be anything where the container has none", 65_536, null, { ok: true }],
  ])("%s", (_, mib, bytes, verdict) => {
    expect(limited(mib, bytes)).toMatchObject(verdict);
  });
});
