import { describe, expect, test } from "@jest/globals";
import { readDocument } from "../../../src/config/document.ts";
import { judgeRemote } from "../../../src/config/remote.ts";
import { at } from "../../../src/config/yaml-value.ts";
import { CONTEXT, GATEWAY, judgeText, VENDOR_NODE } from "../documents.ts";

describe("a remote configuration", () => {
  test("comes out the same when it is judged again", () => {
    const once = judgeText(GATEWAY);
    if (!once.ok) throw new Error("refused");
    expect(judgeRemote(once.document, CONTEXT)).toEqual(once);
    expect(readDocument(once.text)).toEqual({ ok: true, document: once.document });
  });

  test("gets our own telemetry in place of what it says of it", () => {
    const verdict = judgeText(GATEWAY);
    expect(verdict.ok && at(verdict.document, "service", "telemetry")).toEqual({
      metrics: { readers: [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: 8888 } } } }] },
    });
  });

  test("gets our limiter where it has none", () => {
    const verdict = judgeText(VENDOR_NODE);
    const first = ["metrics/hostmetrics", "logs/containers"].map(
      (id) => verdict.ok && at(verdict.document, "service", "pipelines", id, "processors"),
    );
    expect(first.map((ids) => Array.isArray(ids) && (ids[0] as unknown))).toEqual(["memory_limiter", "memory_limiter"]);
    expect(verdict.ok && at(verdict.document, "processors", "memory_limiter", "check_interval")).toBe("1s");
  });
});

test("scrapes follow no redirect, whether they say so or not", () => {
  const verdict = judgeText(GATEWAY);
  const scrapes = verdict.ok && at(verdict.document, "receivers", "prometheus", "config", "scrape_configs");
  expect(scrapes).toMatchObject([{ job_name: "shop", follow_redirects: false }]);
});
