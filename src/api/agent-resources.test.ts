import { describe, expect, test } from "@jest/globals";
import { memoryLimitOf } from "./agent-resources.ts";
import { KmAgentSpec } from "./kmagent.ts";

const MI = 2 ** 20;
const specWith = (nodeAgent: object) =>
  KmAgentSpec.parse({ clusterName: "shop", apiKeySecretRef: { name: "credentials", key: "apiKey" }, nodeAgent });

describe("the limit of memory", () => {
  test.each<[string, object, number | null]>([
    ["is the operator's own where the spec has no resources", {}, 512 * MI],
    ["is the spec's", { resources: { limits: { memory: "1Gi" } } }, 1_024 * MI],
    ["is absent where the spec's resources have none", { resources: { requests: { memory: "64Mi" } } }, null],
    ["is absent where it is none", { resources: { limits: { memory: "0" } } }, null],
    ["is absent where it can't be read", { resources: { limits: { memory: "much" } } }, null],
    ["is absent where it is negative", { resources: { limits: { memory: "-1Gi" } } }, null],
  ])("%s", (_, nodeAgent, bytes) => {
    expect(memoryLimitOf(specWith(nodeAgent), "node-agent")).toBe(bytes);
    expect(memoryLimitOf(specWith(nodeAgent), "cluster-agent")).toBe(512 * MI);
  });
});
