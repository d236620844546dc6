import { describe, expect, test } from "@jest/globals";
import { distributionOf } from "./components.ts";
import { clusterAgentDefault } from "./defaults/cluster-agent.ts";
import { readDocument } from "./document.ts";
import { resolve } from "./resolve.ts";
import { at } from "./yaml-value.ts";

const distribution = distributionOf({ distribution: "kloudmate" });
const fallback = clusterAgentDefault({
  distribution,
  features: { logs: true, metrics: true, traces: true },
  clusterName: "test",
});
const limits = {
  collectorEndpoint: "https://otel.example.com:4318",
  exporterHosts: [],
  receiverHosts: [],
  features: { logs: true, metrics: true, traces: true },
  memory: { "node-agent": null, "cluster-agent": null },
};
const agent = { namespace: "km-agent", name: "agents" };
const plain = (name: string) => `
receivers: { otlp: { protocols: { grpc: {} } } }
exporters: { debug/${name}: {} }
service: { pipelines: { logs: { receivers: [otlp], exporters: [debug/${name}] } } }
`;

function resolved(spec: string | null, remote: string | null = null) {
  return resolve({ component: "cluster-agent", spec, remote, fallback }, { distribution, limits, agent });
}

describe("choosing a configuration", () => {
  test.each<[string, string | null, string | null, string]>([
    ["the default where there is nothing else", null, null, "Default"],
    ["an accepted remote one before the default", null, plain("remote"), "Remote"],
    ["the spec's before a remote one", plain("spec"), plain("remote"), "Spec"],
  ])("takes %s", (_, spec, remote, source) => {
    const resolution = resolved(spec, remote);
    expect(resolution).toMatchObject({ ok: true, source });
    if (source !== "Default") expect(resolution.ok && resolution.text).toContain(`debug/${source.toLowerCase()}`);
  });

  test("refuses a bad one of the spec and takes no weaker one in its place", () => {
    expect(resolved("a: [", plain("remote"))).toMatchObject({ ok: false, source: "Spec", reason: "InvalidConfig" });
    expect(resolved("receivers: {}", plain("remote"))).toMatchObject({ ok: false, source: "Spec" });
  });

  test("gives a text that reads back as the document", () => {
    const resolution = resolved(plain("spec"));
    expect(resolution.ok && readDocument(resolution.text)).toEqual({
      ok: true,
      document: resolution.ok && resolution.document,
    });
  });

  test("gives the same text for every order of keys and for comments", () => {
    const turned = `# by hand\n${plain("x").trim().split("\n").reverse().join("\n")}`;
    const [one, other] = [resolved(plain("x")), resolved(turned)];
    expect(one.ok && one.text).toBe(other.ok && other.text);
  });
});

describe("completing a configuration", () => {
  const completed = (text: string) => {
    const resolution = resolved(text);
    if (!resolution.ok) throw new Error(JSON.stringify(resolution.findings));
    return resolution.document;
  };

  test.each<[string, string]>([
    ["is missing", ""],
    ["is defined and not switched on", 'extensions: { health_check: { endpoint: "0.0.0.0:13133" } }'],
    ["is defined without an endpoint", "extensions: { health_check: }"],
    ["is defined with settings but without an endpoint", "extensions: { health_check: { path: / } }"],
  ])("switches the health endpoint on where it %s", (_, extensions) => {
    const document = completed(plain("x") + extensions);
    expect(at(document, "service", "extensions")).toEqual(["health_check"]);
    expect(at(document, "extensions", "health_check", "endpoint")).toBe("0.0.0.0:13133");
  });

  test("keeps a health endpoint of another name, and the extensions beside it", () => {
    const document = completed(
      plain("x").replace("service: {", "service: { extensions: [zpages, health_check/mine],") +
        'extensions: { zpages: {}, health_check/mine: { endpoint: ":13133" } }',
    );
    expect(at(document, "service", "extensions")).toEqual(["zpages", "health_check/mine"]);
    expect(at(document, "extensions")).toEqual({ zpages: {}, "health_check/mine": { endpoint: ":13133" } });
  });

  test("exposes the collector's own metrics where nobody settled that", () => {
    const readers = [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: 8888 } } } }];
    expect(at(completed(plain("x")), "service", "telemetry", "metrics", "readers")).toEqual(readers);
    const detailed = plain("x").replace(
      "service: {",
      "service: { telemetry: { logs: { level: warn }, metrics: { level: detailed } },",
    );
    expect(at(completed(detailed), "service", "telemetry")).toEqual({
      logs: { level: "warn" },
      metrics: { level: "detailed", readers },
    });
  });

  test.each(["level: none", "readers: []", 'address: "localhost:9999"'])(
    "leaves metrics alone that are set to %s",
    (metrics) => {
      const text = plain("x").replace("service: {", `service: { telemetry: { metrics: { ${metrics} } },`);
      expect(at(completed(text), "service", "telemetry", "metrics")).toEqual(
        at(readMap(text), "service", "telemetry", "metrics"),
      );
    },
  );
});

function readMap(text: string) {
  const reading = readDocument(text);
  if (!reading.ok) throw new Error("not YAML");
  return reading.document;
}
