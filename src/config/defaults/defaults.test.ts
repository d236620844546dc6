import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { complete } from "../complete.ts";
import { distributionOf, KINDS } from "../components.ts";
import type { Distribution } from "../components.ts";
import { guard } from "../guard/guard.ts";
import { componentsInUse, pipelinesOf, usesType } from "../pipelines.ts";
import { at } from "../yaml-value.ts";
import { clusterAgentDefault } from "./cluster-agent.ts";
import { nodeAgentDefault } from "./node-agent.ts";
import type { NodeDefaultInput } from "./node-agent.ts";

const everything = { logs: true, metrics: true, traces: true };
const full: NodeDefaultInput = {
  distribution: distributionOf({ distribution: "kloudmate" }),
  features: everything,
  clusterName: "test",
  profile: "Full",
  hostNetwork: false,
  namespace: "km-agent",
  name: "km-agent",
};

describe("the node agent's default", () => {
  test.each<[string, Partial<NodeDefaultInput>, string[]]>([
    [
      "everything",
      {},
      ["metrics/hostmetrics", "metrics/kubeletstats", "logs/containers", "traces/otlp", "metrics/otlp", "logs/otlp"],
    ],
    [
      "no logs",
      { features: { ...everything, logs: false } },
      ["metrics/hostmetrics", "metrics/kubeletstats", "traces/otlp", "metrics/otlp"],
    ],
    ["no metrics", { features: { ...everything, metrics: false } }, ["logs/containers", "traces/otlp", "logs/otlp"]],
    [
      "no traces",
      { features: { ...everything, traces: false } },
      ["metrics/hostmetrics", "metrics/kubeletstats", "logs/containers"],
    ],
    ["metrics alone under Baseline", { profile: "Baseline" }, ["metrics/hostmetrics", "metrics/kubeletstats"]],
    ["nothing where all is switched off", { features: { logs: false, metrics: false, traces: false } }, []],
  ])("has pipelines for %s", (_, change, pipelines) => {
    expect(pipelinesOf(nodeAgentDefault({ ...full, ...change })).map(({ id }) => id)).toEqual(pipelines);
  });

  test("reads logs from where the last agent stopped only if positions outlive it", () => {
    const logs = at(nodeAgentDefault(full), "receivers", "filelog/containers");
    expect([at(logs, "storage"), at(logs, "start_at")]).toEqual(["file_storage", "beginning"]);
    const { components } = full.distribution;
    const bare: Distribution = { ...full.distribution, components: { ...components, extensions: ["health_check"] } };
    const forgetful = at(nodeAgentDefault({ ...full, distribution: bare }), "receivers", "filelog/containers");
    expect([at(forgetful, "storage"), at(forgetful, "start_at")]).toEqual([undefined, "end"]);
  });

  test("doesn't collect its own logs", () => {
    expect(at(nodeAgentDefault(full), "receivers", "filelog/containers", "exclude", "0")).toBeUndefined();
    expect(JSON.stringify(nodeAgentDefault(full))).toContain("/var/log/pods/km-agent_km-agent-*_*/km-agent/*.log");
  });

  test("gives the node's network only where the pod is on it", () => {
    const network = (hostNetwork: boolean) =>
      at(nodeAgentDefault({ ...full, hostNetwork }), "receivers", "hostmetrics", "scrapers", "network");
    expect([network(false), network(true)]).toEqual([undefined, {}]);
  });

  test("names components as the image does, old or new", () => {
    const components = {
      receivers: ["file_log", "host_metrics"],
      processors: [],
      exporters: ["otlp_http"],
      extensions: ["health_check"],
      connectors: [],
    };
    const document = nodeAgentDefault({ ...full, distribution: { name: "custom", complete: true, components } });
    expect(Object.keys({ ...(at(document, "receivers") as object) })).toEqual(["host_metrics", "file_log/containers"]);
    expect(usesType(document, "receivers", "filelog")).toBe(true);
    expect(usesType(document, "exporters", "otlphttp")).toBe(true);
  });
});

describe("both defaults", () => {
  const images = fc.record({
    receivers: fc.subarray([...full.distribution.components.receivers]),
    processors: fc.subarray([...full.distribution.components.processors]),
    exporters: fc.constant(["otlphttp"]),
    extensions: fc.subarray(["file_storage", "zpages"]).map((more) => ["health_check", ...more]),
    connectors: fc.constant<string[]>([]),
  });
  const inputs = fc.record({
    distribution: images.map((components): Distribution => ({ name: "custom", complete: true, components })),
    features: fc.record({ logs: fc.boolean(), metrics: fc.boolean(), traces: fc.boolean() }),
    profile: fc.constantFrom("Full" as const, "Baseline" as const),
    hostNetwork: fc.boolean(),
  });

  test("pass the guard for every image and every choice of signals, or have nothing to collect", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        for (const document of [nodeAgentDefault({ ...full, ...input }), clusterAgentDefault({ ...full, ...input })]) {
          const verdict = guard(complete(document), { component: "node-agent", distribution: input.distribution });
          const empty = pipelinesOf(document).length === 0;
          expect(verdict.ok ? [] : verdict.findings.map(({ path }) => path)).toEqual(
            empty ? ["service.pipelines"] : [],
          );
        }
      }),
    );
  });

  test("define nothing that isn't used, and limit memory first and batch last wherever the image can", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const document = nodeAgentDefault({ ...full, ...input });
        for (const kind of KINDS.filter((name) => name !== "connectors")) {
          if (kind === "exporters" && pipelinesOf(document).length === 0) continue;
          const used = componentsInUse(document, kind).map(([id]) => id);
          expect(Object.keys({ ...(at(document, kind) as object) }).sort()).toEqual(used.sort());
        }
        for (const { processors } of pipelinesOf(document)) {
          if (input.distribution.components.processors.includes("memory_limiter"))
            expect(processors[0]).toBe("memory_limiter");
          if (input.distribution.components.processors.includes("batch")) expect(processors.at(-1)).toBe("batch");
        }
      }),
    );
  });

  test("keep the API key out of everything but the exporter's header", () => {
    for (const document of [nodeAgentDefault(full), clusterAgentDefault(full)]) {
      expect(JSON.stringify(document).split("KM_API_KEY")).toHaveLength(2);
      expect(at(document, "exporters", "otlphttp", "headers")).toEqual({ Authorization: "${env:KM_API_KEY}" });
    }
  });
});

describe("the cluster agent's default", () => {
  test("is an OTLP receiver alone where the image has no Kubernetes receivers", () => {
    const components = {
      receivers: ["otlp"],
      processors: [],
      exporters: ["otlphttp"],
      extensions: ["health_check"],
      connectors: [],
    };
    const document = clusterAgentDefault({ ...full, distribution: { name: "custom", complete: true, components } });
    expect(Object.keys({ ...(at(document, "receivers") as object) })).toEqual(["otlp"]);
  });

  test("sends no ConfigMaps and no Secrets", () => {
    expect(JSON.stringify(clusterAgentDefault(full))).not.toMatch(/configmaps|secrets/);
  });
});
