import { describe, expect, it } from "@jest/globals";
import { METRICS } from "./metric-table.ts";
import type { MetricDefinition } from "./metric-table.ts";
import { createMetrics } from "./metrics.ts";

const table = Object.entries<MetricDefinition>(METRICS);
const seriesOf = (text: string, name: string) =>
  text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe("the table of metrics", () => {
  it.each(table)("%s is named as Prometheus wants it", (name, { type, help, buckets }) => {
    expect(name).toMatch(/^(kmagent|process|nodejs)_[a-z_]+[a-z]$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    if (type === "histogram") expect(name).toMatch(/_seconds$/);
    expect(buckets !== undefined).toBe(type === "histogram");
    expect(help).toMatch(/^.+\.$/);
  });
});

describe("what is rendered", () => {
  it("names every metric of the table, so that a dashboard finds it before its first value", async () => {
    const text = await createMetrics({ operator: "1.2.3" }).render();
    for (const [name, { type }] of table) expect(text).toContain(`# TYPE ${name} ${type}`);
  });

  it("tells the versions", async () => {
    const text = await createMetrics({ operator: "1.2.3" }).render();
    expect(seriesOf(text, "kmagent_operator_build_info")).toEqual([
      `kmagent_operator_build_info{version="1.2.3",node_version="${process.version}"} 1`,
    ]);
  });

  it("reads the process on each scrape, and its CPU time only grows", async () => {
    const metrics = createMetrics({ operator: "1" });
    const read = async () => Number(seriesOf(await metrics.render(), "process_cpu_seconds_total")[0]?.split(" ")[1]);
    const first = await read();
    expect(first).toBeGreaterThan(0);
    expect(await read()).toBeGreaterThanOrEqual(first);
  });

  it("escapes what a label holds", async () => {
    const metrics = createMetrics({ operator: "1" });
    metrics.set("kmagent_nodes", { namespace: "a", name: 'b"\n\\', state: "healthy" }, 1);
    expect(await metrics.render()).toContain('name="b\\"\\n\\\\"');
  });

  it("asks for values only when somebody scrapes", async () => {
    const metrics = createMetrics({ operator: "1" });
    let depth = 0;
    metrics.onScrape(() => metrics.set("kmagent_operator_queue_depth", {}, ++depth));
    await metrics.render();
    expect(seriesOf(await metrics.render(), "kmagent_operator_queue_depth")).toEqual([
      "kmagent_operator_queue_depth 2",
    ]);
  });

  it("counts and observes", async () => {
    const metrics = createMetrics({ operator: "1" });
    metrics.add("kmagent_probes_total", { outcome: "ok" });
    metrics.add("kmagent_probes_total", { outcome: "ok" }, 2);
    metrics.observe("kmagent_probe_duration_seconds", 0.002);
    const text = await metrics.render();
    expect(text).toContain('kmagent_probes_total{outcome="ok"} 3');
    expect(text).toContain('kmagent_probe_duration_seconds_bucket{le="0.0025"} 1');
    expect(text).toContain('kmagent_probe_duration_seconds_bucket{le="0.001"} 0');
  });
});

describe("replacing the series of one KmAgent", () => {
  const node = (namespace: string, name: string, of: string, reason: string) => ({
    labels: { reason, state: "unhealthy", node: of, name, namespace },
    value: 1,
  });

  it("removes what went away, keeps what stayed, and leaves other KmAgents' alone", async () => {
    const metrics = createMetrics({ operator: "1" });
    const scope = { namespace: "ns", name: "a" };
    metrics.replace("kmagent_node_status", { namespace: "ns", name: "b" }, [node("ns", "b", "n1", "OOMKilled")]);
    metrics.replace("kmagent_node_status", scope, [
      node("ns", "a", "n1", "OOMKilled"),
      node("ns", "a", "n2", "Evicted"),
    ]);
    metrics.replace("kmagent_node_status", scope, [node("ns", "a", "n2", "Evicted"), node("ns", "a", "n3", "Evicted")]);
    const left = seriesOf(await metrics.render(), "kmagent_node_status").map((line) =>
      [/,name="(.)"/, /node="(..)"/].map((part) => part.exec(`,${line.split("{")[1]}`)?.[1]).join(),
    );
    expect(left.sort()).toEqual(["a,n2", "a,n3", "b,n1"]);
  });

  it("with an empty list removes all of it", async () => {
    const metrics = createMetrics({ operator: "1" });
    metrics.replace("kmagent_node_status", {}, [node("ns", "a", "n1", "OOMKilled")]);
    metrics.replace("kmagent_node_status", { namespace: "ns", name: "a" }, []);
    expect(seriesOf(await metrics.render(), "kmagent_node_status")).toEqual([]);
  });
});
