import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { judge } from "../../test/platform/contract.ts";
import { checkInRequest, hostnameOf, nodeReport, removedCheckIn, removedReport } from "./payload.ts";
import type { ClusterReport, ReportedNode } from "./payload.ts";
import { versionsOf } from "./versions.ts";
import type { Distribution } from "./versions.ts";
import { asksForChange, parseJsonObject, readCheckInAnswer, withoutExtension } from "./wire.ts";

const NAMING = { clusterName: "prod-eu", hostname: "Node" } as const;
const NODE: ReportedNode = {
  node: "worker-1",
  kind: "healthy",
  agent: "Running",
  collector: "Running",
  reason: "Healthy",
  message: "",
  lastError: "",
  image: "ghcr.io/kloudmate/km-kube-agent:1.2.0",
  os: "linux",
  architecture: "arm64",
};
const CLUSTER: ClusterReport = { logsEnabled: true, lastError: "", news: null, image: NODE.image };
const OPERATOR = { version: "0.1.0", architecture: "amd64" };
const broken = (node: string, kind = "unhealthy"): ReportedNode => ({
  ...NODE,
  node,
  kind,
  collector: "Stopped",
  reason: "OOMKilled",
  message: "The collector was killed.",
});

describe("the nine fields of a node", () => {
  test("are these, in this order", () => {
    expect(JSON.stringify(nodeReport(NODE, NAMING, "kloudmate"))).toBe(
      '{"is_docker":false,"hostname":"worker-1","platform":"linux","architecture":"arm64","agent_version":"1.2.0",' +
        '"collector_version":"v0.143.0","agent_status":"Running","collector_status":"Running","last_error_message":""}',
    );
  });

  test("tell the collector's own words while it is stopped, over several lines too", () => {
    const report = nodeReport({ ...broken("a"), lastError: "Error: bad config\nat line 3" }, NAMING, "kloudmate");
    expect(report).toMatchObject({ collector_status: "Stopped", last_error_message: "Error: bad config\nat line 3" });
  });

  test("tell our words where the collector left none", () => {
    expect(nodeReport(broken("a"), NAMING, "kloudmate").last_error_message).toBe("The collector was killed.");
  });

  test("tell the reason where nobody left words: what is stopped is never told without a cause", () => {
    expect(nodeReport({ ...broken("a"), message: "" }, NAMING, "kloudmate").last_error_message).toBe("OOMKilled");
  });

  test("tell no old error of what runs again", () => {
    expect(nodeReport({ ...NODE, lastError: "once" }, NAMING, "kloudmate").last_error_message).toBe("");
  });

  test("of a removed agent begin with a word that no failure's text has", () => {
    expect(removedReport(nodeReport(NODE, NAMING, "kloudmate"), "the node left the cluster.")).toMatchObject({
      agent_status: "Stopped",
      collector_status: "Stopped",
      last_error_message: "Removed: the node left the cluster.",
    });
  });
});

describe("the cluster's check-in", () => {
  const request = (nodes: readonly ReportedNode[], cluster = CLUSTER) =>
    checkInRequest(nodes, cluster, "prod-eu", "kloudmate", OPERATOR);

  test("without our two fields is what the platform has always known, in its order", () => {
    expect(JSON.stringify(withoutExtension(request([NODE])))).toBe(
      '{"agent_version":"0.1.0","apm_enabled":false,"architecture":"amd64","collector_status":"Running","collector_version":"v0.143.0",' +
        '"hostname":"prod-eu","k8s_deployments":[],"logs_enabled":true,"namespaces":null,"platform":"k8s"}',
    );
  });

  test.each<[string, readonly ReportedNode[], object]>([
    ["all nodes work", [NODE], { collector_status: "Running", last_error_message: "" }],
    [
      "one of two works",
      [NODE, broken("b")],
      { collector_status: "Running", last_error_message: "1 of 2 nodes have no working agent: b (OOMKilled)." },
    ],
    ["none works", [broken("a"), broken("b", "uncovered")], { agent_status: "Running", collector_status: "Stopped" }],
    ["there is no node", [], { collector_status: "Stopped", last_error_message: "No node is selected for an agent." }],
    [
      "virtual nodes don't count",
      [{ ...broken("v"), kind: "excluded" }],
      { last_error_message: "No node is selected for an agent." },
    ],
    [
      "seven are broken",
      ["a", "b", "c", "d", "e", "f", "g"].map((name) => broken(name)),
      {
        last_error_message:
          "7 of 7 nodes have no working agent: a (OOMKilled), b (OOMKilled), c (OOMKilled), d (OOMKilled), e (OOMKilled) and 2 more.",
      },
    ],
  ])("says the truth when %s", (_name, nodes, expected) => {
    expect(request(nodes)).toMatchObject(expected);
  });

  test("tells of the configuration's fault before the nodes'", () => {
    expect(request([broken("a")], { ...CLUSTER, lastError: "Refused by rule x." }).last_error_message).toBe(
      "Refused by rule x. 1 of 1 nodes have no working agent: a (OOMKilled).",
    );
  });

  test("tells that a configuration is in force where nothing is wrong", () => {
    const news = { id: "1", text: "Configuration a is in force on 1 of 1 nodes." };
    expect(request([NODE], { ...CLUSTER, news }).last_error_message).toBe(news.text);
  });
});

test("whatever a node is like, what we send keeps the platform's contract", () => {
  const state = fc.constantFrom("Running" as const, "Stopped" as const);
  const node = fc.record({
    node: fc.stringMatching(/^[a-z0-9][-.a-z0-9]{0,60}$/),
    kind: fc.constantFrom(
      "healthy",
      "unhealthy",
      "uncovered",
      "starting",
      "leaving",
      "notReady",
      "updating",
      "excluded",
    ),
    agent: state,
    collector: state,
    reason: fc.string(),
    message: fc.string({ maxLength: 1000 }),
    lastError: fc.string({ maxLength: 1000 }),
    image: fc.oneof(fc.string(), fc.constantFrom("", "a:1.2.0", "h:5000/a", "a@sha256:00", "otel/c:v0.143.0")),
    os: fc.constantFrom("linux", "windows"),
    architecture: fc.constantFrom("amd64", "arm64"),
  });
  const distribution = fc.constantFrom<Distribution>("kloudmate", "contrib", "custom");
  fc.assert(
    fc.property(fc.array(node), distribution, (nodes, kind) => {
      for (const one of nodes) {
        const report = nodeReport(one, { clusterName: "c", hostname: "ClusterAndNode" }, kind);
        expect(judge(report).breaches).toEqual([]);
        expect(judge(removedReport(report, "x")).breaches).toEqual([]);
      }
      const request = checkInRequest(
        nodes,
        { logsEnabled: false, lastError: "", news: null, image: "" },
        "c",
        kind,
        OPERATOR,
      );
      for (const payload of [request, withoutExtension(request), removedCheckIn(request, "x")]) {
        expect(judge(payload)).toMatchObject({ mode: "cluster", breaches: [] });
      }
    }),
  );
});

test("no two nodes of two clusters share a name on the platform", () => {
  const name = fc.stringMatching(/^[a-z0-9][-.a-z0-9]{0,10}$/);
  fc.assert(
    fc.property(name, name, name, name, (clusterA, nodeA, clusterB, nodeB) => {
      const a = hostnameOf(nodeA, { clusterName: clusterA, hostname: "ClusterAndNode" });
      const b = hostnameOf(nodeB, { clusterName: clusterB, hostname: "ClusterAndNode" });
      expect(a === b).toBe(clusterA === clusterB && nodeA === nodeB);
    }),
  );
});

describe("versions by image", () => {
  const table: readonly [string, string, Distribution, agent: string, collector: string][] = [
    ["the vendor's release that we know", "ghcr.io/kloudmate/km-kube-agent:1.2.0", "kloudmate", "1.2.0", "v0.143.0"],
    ["the vendor's release that we don't", "ghcr.io/kloudmate/km-kube-agent:9.9.9", "kloudmate", "9.9.9", "unknown"],
    ["a stock collector", "otel/opentelemetry-collector-contrib:0.160.0", "contrib", "0.160.0", "v0.160.0"],
    ["a stock collector with v", "otel/opentelemetry-collector-contrib:v0.160.0", "contrib", "0.160.0", "v0.160.0"],
    ["a tag that is no version", "otel/opentelemetry-collector-contrib:nightly", "contrib", "nightly", "unknown"],
    ["a custom image", "registry:5000/team/otelcol:7", "custom", "7", "unknown"],
    ["a registry's port is no tag", "registry:5000/team/otelcol", "custom", "unknown", "unknown"],
    ["tag and digest", "a/b:1.2.0@sha256:abc", "kloudmate", "1.2.0", "v0.143.0"],
    ["only a digest", "a/b@sha256:abc", "kloudmate", "unknown", "unknown"],
    ["no image, for there is no pod", "", "kloudmate", "", ""],
  ];
  test.each(table)("%s", (_name, image, distribution, agent, collector) => {
    expect(versionsOf(image, distribution)).toEqual({ agent, collector });
  });
});

describe("reading the platform's answers", () => {
  test("integers stay integers, however large", () => {
    expect(parseJsonObject('{"a": 1048576, "b": 9007199254740993, "c": 1.5, "d": "12345678901234567890"}')).toEqual({
      a: 1048576,
      b: 9007199254740993n,
      c: 1.5,
      d: "12345678901234567890",
    });
  });

  test.each(["", "[]", "null", "1", '"x"', "{", "<html>"])("%j is no JSON object", (text) => {
    expect(parseJsonObject(text)).toBeNull();
  });

  test.each<[string, object, object | null]>([
    ["nothing", {}, { restartRequired: false, nodeAgent: null, clusterAgent: null }],
    [
      "nulls",
      { restart_required: null, config: null },
      { restartRequired: false, nodeAgent: null, clusterAgent: null },
    ],
    ["unknown fields", { x: 1, config: { y: 2 } }, { restartRequired: false, nodeAgent: null, clusterAgent: null }],
    [
      "both configurations",
      { restart_required: true, config: { daemonset_config: { a: 1 }, deployment_config: {} } },
      { restartRequired: true, nodeAgent: { a: 1 }, clusterAgent: {} },
    ],
    [
      "one alone",
      { restart_required: true, config: { daemonset_config: { a: 1 }, deployment_config: null } },
      { restartRequired: true, nodeAgent: { a: 1 }, clusterAgent: null },
    ],
    [
      "a configuration that is text, which is for the guard to refuse",
      { config: { daemonset_config: "a: 1" } },
      { restartRequired: false, nodeAgent: "a: 1", clusterAgent: null },
    ],
    ["both configurations as one text", { config: "a: 1" }, null],
    ["a restart that is a word", { restart_required: "yes" }, null],
  ])("an answer with %s", (_name, answer, expected) => {
    expect(readCheckInAnswer(answer as Record<string, unknown>)).toEqual(expected);
  });

  test("a configuration for one node is noticed, whatever it is", () => {
    expect(
      [{}, { config: null }, { config: {} }, { restart_required: true }].map((answer) => asksForChange(answer)),
    ).toEqual([false, false, true, true]);
  });
});
