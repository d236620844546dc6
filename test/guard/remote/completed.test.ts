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

describe("the agents' own logs", () => {
  const DIRECTORIES = "/var/log/pods/km-agent_agents-*_*/km-agent/*";
  const LINKS = "/var/log/containers/agents-*_km-agent_km-agent-*";
  const excluded = (include: string, exclude = "") => {
    const text = GATEWAY.replace("include: [/var/log/pods/shop_*/*/*.log]", `include: [${include}]${exclude}`);
    const verdict = judgeText(text);
    if (!verdict.ok) throw new Error(JSON.stringify(verdict.findings));
    expect(judgeRemote(verdict.document, CONTEXT)).toEqual(verdict);
    return at(verdict.document, "receivers", "filelog", "exclude");
  };

  test.each<[string, string, string, string[]]>([
    ["of the pods' directories", "/var/log/pods/*/*/*.log", "", [DIRECTORIES]],
    ["of some pods' directories", "/var/log/pods/shop_*/*/*", "", [DIRECTORIES]],
    ["of the links of containers", "/var/log/containers/*.log", "", [LINKS]],
    ["of both", "/var/log/containers/*.log, /var/log/pods/*/*/*.log", "", [DIRECTORIES, LINKS]],
    [
      "beside what is left out already",
      "/var/log/pods/*/*/*.log",
      '\n    exclude: ["/**/*.gz"]',
      ["/**/*.gz", DIRECTORIES],
    ],
    ["once", "/var/log/pods/*/*/*.log", `\n    exclude: ["${DIRECTORIES}"]`, [DIRECTORIES]],
  ])("are left out %s", (_, include, exclude, expected) => {
    expect(excluded(include, exclude)).toEqual(expected);
  });

  test("are found by the namespace and the name of the KmAgent", () => {
    const verdict = judgeText(GATEWAY, { agent: { namespace: "shop", name: "km" } });
    expect(verdict.ok && at(verdict.document, "receivers", "filelog", "exclude")).toEqual([
      "/var/log/pods/shop_km-*_*/km-agent/*",
    ]);
  });

  test("are left to the guard where the receiver's lists are none", () => {
    const verdict = judgeText(GATEWAY.replace("storage: file_storage\n", "storage: file_storage\n    exclude: all\n"));
    expect(verdict).toMatchObject({ findings: [{ rule: "settings", path: "receivers.filelog.exclude" }] });
  });
});
