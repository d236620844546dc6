import { describe, expect, test } from "@jest/globals";
import { rootSchema } from "../api/crd.ts";
import { unknownFields } from "./unknown-fields.ts";

const schema = rootSchema();

describe("the fields that a KmAgent doesn't have", () => {
  test.each([
    { name: "a part of the spec", spec: { rolout: {} }, is: ["spec.rolout meant rollout"] },
    {
      name: "a field deep in it",
      spec: { platform: { remoteConfig: { allowedExporterHost: ["a.example"] } } },
      is: ["spec.platform.remoteConfig.allowedExporterHost meant allowedExporterHosts"],
    },
    {
      name: "a field of a list's entry",
      spec: { nodeAgent: { env: [{ name: "A" }, { nmae: "B" }], tolerations: [{ Key: "a" }] } },
      is: ["spec.nodeAgent.env[1].nmae meant nothing", "spec.nodeAgent.tolerations[0].Key meant key"],
    },
    { name: "what is spelt like nothing", spec: { "a.b": 1 }, is: ['spec["a.b"] meant nothing'] },
    { name: "each of several", spec: { logs: 1, health: { intervall: "1s" } }, is: ["spec.logs", "spec.health"] },
    {
      name: "a field beside the spec, which may look like one in it",
      object: { rollout: {} },
      spec: {},
      is: ["rollout meant nothing"],
    },
  ])("are $name", ({ spec, object, is }) => {
    const told = unknownFields(schema, { ...object, spec }).map(
      ({ path, meant }) => `${path} meant ${meant ?? "nothing"}`,
    );
    expect(told).toEqual(is.map((each) => expect.stringContaining(each) as unknown));
  });

  test.each([
    { name: "in a map of one's own names", spec: { nodeAgent: { podLabels: { any: "x" }, nodeSelector: { a: "b" } } } },
    { name: "in an affinity", spec: { nodeAgent: { affinity: { nodeAffinity: { new: {} } } } } },
    {
      name: "in volumes and mounts",
      spec: {
        nodeAgent: { extraVolumes: [{ name: "a", nfs: {}, hostPath: { x: 1 } }], extraVolumeMounts: [{ y: 1 }] },
      },
    },
    {
      name: "in a security context",
      spec: { nodeAgent: { securityContext: { seLinuxOptions: {}, capabilities: { z: [] } } } },
    },
    { name: "in a variable's source", spec: { clusterAgent: { env: [{ name: "A", valueFrom: { fileKeyRef: {} } }] } } },
    {
      name: "where a value is of the wrong kind, of which its type is told",
      spec: { rollout: { maxUnavailable: { a: 1 } }, health: 5, nodeAgent: null },
    },
  ])("are none $name", ({ spec }) => {
    expect(unknownFields(schema, { spec })).toEqual([]);
  });

  test("come with those that may stand there, and cost little however long they are", () => {
    const [found] = unknownFields(schema, { spec: { config: { ["x".repeat(1_000_000)]: 1 } } });
    expect(found).toMatchObject({ known: ["features", "nodeAgent", "clusterAgent"], meant: null });
  });
});
