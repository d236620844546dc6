import { describe, expect, test } from "@jest/globals";
import { judge, judgeRequest } from "./contract.ts";

const NODE = {
  is_docker: false,
  hostname: "a",
  platform: "linux",
  architecture: "amd64",
  agent_version: "1.2.0",
  collector_version: "v0.143.0",
  agent_status: "Running",
  collector_status: "Stopped",
  last_error_message: "boom",
};
const CLUSTER = {
  agent_version: "1.2.0",
  apm_enabled: false,
  architecture: "amd64",
  collector_status: "Running",
  collector_version: "",
  hostname: "prod-eu",
  k8s_deployments: [],
  logs_enabled: true,
  namespaces: null,
  platform: "k8s",
};

const without = (object: object, key: string): object =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

describe("payloads that keep the contract", () => {
  test.each<[string, object]>([
    ["a node's", NODE],
    ["a node's on which both run", { ...NODE, collector_status: "Running", last_error_message: "" }],
    ["a node's on which nothing runs", { ...NODE, agent_status: "Stopped" }],
    ["a cluster's, as it always was", CLUSTER],
    [
      "a cluster's that runs and says what is wrong with some nodes",
      { ...CLUSTER, agent_status: "Running", last_error_message: "1 of 2 nodes have no working agent: a (OOMKilled)." },
    ],
    ["a cluster's with both added fields", { ...CLUSTER, agent_status: "Running", last_error_message: "" }],
    ["a cluster's with namespaces", { ...CLUSTER, namespaces: ["default"] }],
  ])("%s", (_name, payload) => {
    expect(judge(payload).breaches).toEqual([]);
  });
});

describe("payloads that break it", () => {
  test.each<[string, unknown]>([
    ...Object.keys(NODE).map((key): [string, unknown] => [`a node's without ${key}`, without(NODE, key)]),
    ...Object.keys(CLUSTER).map((key): [string, unknown] => [`a cluster's without ${key}`, without(CLUSTER, key)]),
    ["a node's with a tenth field", { ...NODE, extra: 1 }],
    ["a node's error while both run", { ...NODE, collector_status: "Running" }],
    ["a node's collector that is stopped for no reason", { ...NODE, last_error_message: "" }],
    ["a cluster's with one added field alone", { ...CLUSTER, agent_status: "Running" }],
    ["a status in lower case", { ...NODE, agent_status: "running" }],
    ["a node's in docker", { ...NODE, is_docker: true }],
    ["an architecture by its other name", { ...NODE, architecture: "x86_64" }],
    ["no namespaces as a list", { ...CLUSTER, namespaces: [] }],
    ["a nameless one", { ...NODE, hostname: "" }],
    ["a list", []],
    ["null", null],
  ])("%s", (_name, payload) => {
    expect(judge(payload).breaches).not.toEqual([]);
  });

  test("a GET, another path, another content type", () => {
    expect(judgeRequest("GET", "/x", "text/plain")).toHaveLength(3);
    expect(judgeRequest("POST", "/agents/config-check", "application/json")).toEqual([]);
  });
});
