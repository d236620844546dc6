import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { until } from "../../test/eventually.ts";
import { startSimulator } from "../../test/platform/simulator.ts";
import type { Simulator } from "../../test/platform/simulator.ts";
import type { Log } from "../telemetry/log.ts";
import type { ReportedNode } from "./payload.ts";
import { createReporter } from "./reporter.ts";
import type { LinkSettings, PlatformState, Reporter } from "./reporter.ts";
import type { HeardAnswer } from "./wire.ts";

/*
 * The whole room against the simulator, over real sockets and with the real clock; each test waits for what it wants to see.
 */

const KEY = "km_first-key";
const OTHER_KEY = "km_second-key";
const CLUSTER = { logsEnabled: true, lastError: "", news: null, image: "ghcr.io/kloudmate/km-kube-agent:1.2.0" };

let simulator: Simulator;
let reporter: Reporter;
let states: PlatformState[];
let answers: HeardAnswer[];
let lines: string[];
let counted: Map<string, number>;

function log(): Log {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => log() };
}

function settings(change: Partial<LinkSettings> = {}): LinkSettings {
  return {
    kmagent: "km-agent/km-agent",
    endpoint: simulator.url,
    apiKey: KEY,
    clusterName: "prod-eu",
    nodeReports: { enabled: true, intervalMs: 60_000, hostname: "Node" },
    checkIntervalMs: 60_000,
    proxy: { httpsProxy: null, noProxy: null },
    caBundle: null,
    distribution: "kloudmate",
    ...change,
  };
}

function node(name: string, change: Partial<ReportedNode> = {}): ReportedNode {
  return {
    node: name,
    kind: "healthy",
    agent: "Running",
    collector: "Running",
    reason: "Healthy",
    message: "",
    lastError: "",
    image: CLUSTER.image,
    os: "linux",
    architecture: "amd64",
    ...change,
  };
}

const fleet = (...nodes: readonly ReportedNode[]) => ({ nodes, cluster: CLUSTER });
const row = (hostname: string) => simulator.rows().find((one) => one.hostname === hostname)?.body;

beforeEach(async () => {
  simulator = await startSimulator({ apiKeys: [KEY] });
  [states, answers, lines] = [[], [], []];
  counted = new Map();
  reporter = createReporter({
    log: log(),
    clock: {
      now: () => performance.now(),
      wallNow: () => Date.now(),
      after: (ms, act) => {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
    },
    random: () => 0,
    metrics: {
      add: (_name, labels) => {
        const key = Object.values(labels).join(" ");
        counted.set(key, (counted.get(key) ?? 0) + 1);
      },
      set: () => undefined,
      onScrape: () => undefined,
    },
    operator: { version: "0.1.0", architecture: "amd64" },
    onStateChange: (_uid, state) => states.push(state),
    onAnswer: (_uid, answer) => answers.push(answer),
  });
});
afterEach(async () => {
  await reporter.stop();
  await simulator.stop();
  expect(simulator.violations()).toEqual([]);
  expect(lines.join("\n")).not.toContain(KEY);
  expect(JSON.stringify(states)).not.toContain(KEY);
});

test("the platform gets a row for each node and one for the cluster, and the state says connected", async () => {
  reporter.configure("u", settings());
  expect(reporter.state("u").kind).toBe("notContacted");
  reporter.update("u", fleet(node("a"), node("b"), node("c")));
  await until(() => simulator.rows().length === 4);
  expect(row("a")).toEqual({
    is_docker: false,
    hostname: "a",
    platform: "linux",
    architecture: "amd64",
    agent_version: "1.2.0",
    collector_version: "v0.143.0",
    agent_status: "Running",
    collector_status: "Running",
    last_error_message: "",
  });
  expect(row("prod-eu")).toMatchObject({ platform: "k8s", collector_status: "Running", namespaces: null });
  await until(() => reporter.state("u").kind === "connected");
  await until(() => counted.get("node ok") === 3 && counted.get("checkIn ok") === 1);
});

test("a node that breaks and recovers is told both times", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a"), node("b")));
  await until(() => row("a") !== undefined);
  reporter.update("u", fleet(node("a", { collector: "Stopped", lastError: "exit code 1" }), node("b")));
  await until(() => row("a")?.["collector_status"] === "Stopped");
  expect(row("a")?.["last_error_message"]).toBe("exit code 1");
  reporter.update("u", fleet(node("a"), node("b")));
  await until(() => row("a")?.["collector_status"] === "Running");
});

test("nodes that leave the cluster or the selection are told as removed, each with its reason", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a"), node("b"), node("c")));
  await until(() => simulator.rows().length === 4);
  reporter.update("u", fleet(node("a"), node("c", { kind: "excluded" })));
  await until(() => row("b")?.["agent_status"] === "Stopped" && row("c")?.["agent_status"] === "Stopped");
  expect(row("b")?.["last_error_message"]).toBe("Removed: the node left the cluster.");
  expect(row("c")?.["last_error_message"]).toBe("Removed: the node is no longer selected for an agent.");
  expect(row("a")?.["agent_status"]).toBe("Running");
});

test("virtual nodes, and nodes of which nobody knows yet what they are, aren't reported", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a"), node("v", { kind: "excluded" }), node("new", { os: "", architecture: "" })));
  await until(() => row("a") !== undefined && row("prod-eu") !== undefined);
  expect(simulator.rows()).toHaveLength(2);
});

test("a deleted KmAgent's nodes are told as removed, and its cluster too", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a"), node("b")));
  await until(() => simulator.rows().length === 3);
  reporter.remove("u");
  await reporter.flush(10_000);
  for (const hostname of ["a", "b", "prod-eu"]) {
    expect(row(hostname)).toMatchObject({
      agent_status: "Stopped",
      collector_status: "Stopped",
      last_error_message: "Removed: KmAgent km-agent/km-agent was deleted.",
    });
  }
});

test("a deleted KmAgent's cluster is told as stopped to a platform that doesn't take the further fields, too", async () => {
  simulator.refuseExtension(true);
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a")));
  await until(() => row("prod-eu")?.["collector_status"] === "Running" && row("a") !== undefined);
  reporter.remove("u");
  await reporter.flush(10_000);
  expect(row("prod-eu")).toMatchObject({ collector_status: "Stopped" });
});

test("a platform that refuses the further fields only in the farewell is told without them", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a")));
  await until(() => row("prod-eu")?.["collector_status"] === "Running" && row("a") !== undefined);
  simulator.refuseExtension(true);
  reporter.remove("u");
  await reporter.flush(10_000);
  expect(row("prod-eu")).toMatchObject({ collector_status: "Stopped" });
  expect(row("prod-eu")).not.toHaveProperty("agent_status");
});

test("a KmAgent that is made again at once isn't overtaken by the farewell of the old one", async () => {
  reporter.configure("old", settings());
  reporter.update("old", fleet(node("a"), node("b")));
  await until(() => simulator.rows().length === 3);
  simulator.tell({ kind: "status", code: 503 });
  reporter.remove("old");
  // From here on farewells wait to be tried again.
  await until(() => simulator.records().some(({ answered }) => answered === "status"));
  reporter.configure("new", settings());
  reporter.update("new", fleet(node("a"), node("b")));
  simulator.tell([]);
  await until(() => simulator.rows().filter(({ mode, count }) => mode === "node" && count > 1).length === 2);
  await reporter.flush(10_000);
  for (const hostname of ["a", "b"]) expect(row(hostname)).toMatchObject({ agent_status: "Running" });
});

test("the operator's own stop says nothing of the agents", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a")));
  await until(() => row("a") !== undefined && row("prod-eu") !== undefined);
  await reporter.flush(1_000);
  await reporter.stop();
  expect(simulator.rows().every(({ body }) => body["collector_status"] === "Running")).toBe(true);
});

test("flush sends what has changed and waits", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(...Array.from({ length: 40 }, (_, i) => node(`n${i}`))));
  await reporter.flush(10_000);
  expect(simulator.rows().filter(({ mode }) => mode === "node")).toHaveLength(40);
});

describe("the API key", () => {
  test("that isn't taken is told, and a new one is tried at once", async () => {
    simulator.setApiKeys([OTHER_KEY]);
    reporter.configure("u", settings());
    reporter.update("u", fleet(node("a")));
    await until(() => reporter.state("u").kind === "unauthorized");
    expect(reporter.state("u").message).toContain("put a valid one into the Secret");
    reporter.configure("u", settings({ apiKey: OTHER_KEY }));
    await until(() => reporter.state("u").kind === "connected" && row("a") !== undefined);
  });

  test("that isn't known keeps everything silent until it is", async () => {
    reporter.configure("u", settings({ apiKey: null }));
    reporter.update("u", fleet(node("a")));
    expect(reporter.state("u")).toMatchObject({ kind: "notContacted" });
    reporter.configure("u", settings());
    await until(() => row("a") !== undefined && row("prod-eu") !== undefined);
    expect(simulator.records().every(({ authorized }) => authorized)).toBe(true);
  });
});

test("a platform that is away is told as unreachable, with where and what to look at", async () => {
  reporter.configure("u", settings({ endpoint: "http://127.0.0.1:9/agents/config-check" }));
  reporter.update("u", fleet(node("a")));
  await until(() => reporter.state("u").kind === "unreachable");
  expect(reporter.state("u").message).toContain("http://127.0.0.1:9/agents/config-check: the connection is refused");
});

test("one failure that passes is no news", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a")));
  await until(() => reporter.state("u").kind === "connected");
  simulator.tell({ kind: "status", code: 503, times: 1, hostname: "a" });
  reporter.update("u", fleet(node("a", { collector: "Stopped", lastError: "x" })));
  await until(() => row("a")?.["collector_status"] === "Stopped");
  expect(states.map(({ kind }) => kind)).toEqual(["connected"]);
});

test("one node whose reports aren't taken is named once, and the connection stands while others are taken", async () => {
  simulator.tell({ kind: "status", code: 400, hostname: "b" });
  reporter.configure("u", settings({ nodeReports: { enabled: true, intervalMs: 40, hostname: "Node" } }));
  reporter.update("u", fleet(node("a"), node("b"), node("c")));
  const refusals = () => simulator.records().filter(({ answered }) => answered === "status").length;
  const named = () => lines.filter((line) => line.startsWith("warn the platform doesn't take a node's report"));
  await until(() => refusals() >= 4 && row("a") !== undefined && row("c") !== undefined);
  expect(states.map(({ kind }) => kind)).toEqual(["connected"]);
  expect(named()).toHaveLength(1);
  expect(named()[0]).toMatch(/"node":"b".*HTTP 400/);
  simulator.tell([]);
  await until(() => row("b") !== undefined);
  simulator.tell({ kind: "status", code: 400, hostname: "b" });
  await until(() => named().length === 2);
  expect(states.map(({ kind }) => kind)).toEqual(["connected"]);
});

test("that no node's report is taken is told as the platform's error, until one is", async () => {
  simulator.tell(["a", "b"].map((hostname) => ({ kind: "status", code: 400, hostname }) as const));
  reporter.configure("u", settings({ nodeReports: { enabled: true, intervalMs: 40, hostname: "Node" } }));
  reporter.update("u", fleet(node("a"), node("b")));
  await until(() => reporter.state("u").kind === "error");
  simulator.tell({ kind: "status", code: 400, hostname: "a" });
  await until(() => reporter.state("u").kind === "connected");
});

test("one call that is throttled is no news", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a")));
  await until(() => reporter.state("u").kind === "connected");
  simulator.tell({ kind: "status", code: 429, retryAfter: "0", times: 1, hostname: "a" });
  reporter.update("u", fleet(node("a", { collector: "Stopped", lastError: "x" })));
  await until(() => row("a")?.["collector_status"] === "Stopped");
  expect(states.map(({ kind }) => kind)).toEqual(["connected"]);
});

test("a platform that doesn't know our two fields gets the check-in without them", async () => {
  simulator.refuseExtension(true);
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a")));
  await until(() => row("prod-eu") !== undefined);
  expect(row("prod-eu")).not.toHaveProperty("agent_status");
  await until(() => reporter.state("u").kind === "connected");
});

test("a configuration in the answer to a node is ignored and logged once; in the answer to the cluster it is handed on", async () => {
  const body = { restart_required: true, config: { daemonset_config: { a: 1 }, deployment_config: { b: 2 } } };
  simulator.tell({ kind: "config", body });
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a"), node("b"), node("c")));
  await until(() => simulator.rows().length === 4 && answers.length === 1);
  expect(answers).toEqual([{ restartRequired: true, nodeAgent: { a: 1 }, clusterAgent: { b: 2 } }]);
  await reporter.flush(10_000);
  expect(lines.filter((line) => line.includes("which is ignored"))).toHaveLength(1);
});

test("news is told until the platform has taken it, and then no more", async () => {
  const said = () =>
    simulator
      .records()
      .map(({ payload, answered }) => [answered, (payload as Record<string, unknown>)["last_error_message"]]);
  simulator.tell({ kind: "status", code: 503, times: 1 });
  reporter.configure(
    "u",
    settings({ checkIntervalMs: 20, nodeReports: { ...settings().nodeReports, enabled: false } }),
  );
  const news = { id: "1", text: "Configuration a is in force on 1 of 1 nodes." };
  reporter.update("u", { nodes: [node("a")], cluster: { ...CLUSTER, news } });
  await until(() => said().length >= 4);
  expect(said().slice(0, 4)).toEqual([
    ["status", news.text],
    ["ok", news.text],
    ["ok", ""],
    ["ok", ""],
  ]);
});

test("nodes that get another name on the platform are told as removed under the old one", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a")));
  await until(() => row("a") !== undefined);
  reporter.configure("u", settings({ nodeReports: { enabled: true, intervalMs: 60_000, hostname: "ClusterAndNode" } }));
  await until(() => row("prod-eu/a") !== undefined && row("a")?.["agent_status"] === "Stopped");
  expect(row("a")?.["last_error_message"]).toBe("Removed: the node is reported under another name now.");
});

test("with node reports switched off only the cluster checks in", async () => {
  reporter.configure("u", settings({ nodeReports: { enabled: false, intervalMs: 60_000, hostname: "Node" } }));
  reporter.update("u", fleet(node("a")));
  await until(() => reporter.state("u").kind === "connected");
  expect(simulator.rows().map(({ hostname }) => hostname)).toEqual(["prod-eu"]);
});

test("forgetting a KmAgent says nothing", async () => {
  reporter.configure("u", settings());
  reporter.update("u", fleet(node("a")));
  await until(() => row("a") !== undefined && row("prod-eu") !== undefined);
  reporter.forget("u");
  await reporter.flush(5_000);
  expect(row("a")?.["agent_status"]).toBe("Running");
});
