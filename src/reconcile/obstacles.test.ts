import { describe, expect, test } from "@jest/globals";
import type { KubeObject } from "../kube/resource.ts";
import { obstacles } from "./obstacles.ts";

const CONTAINER = {
  name: "km-agent",
  image: "registry.example.com/agent:1",
  env: [
    { name: "KM_API_KEY", valueFrom: { secretKeyRef: { name: "credentials", key: "apiKey" } } },
    { name: "CLUSTER", value: "prod" },
  ],
  readinessProbe: { httpGet: { path: "/", port: 13_133 } },
  securityContext: { seccompProfile: { type: "RuntimeDefault" } },
  volumeMounts: [{ name: "config", mountPath: "/etc/otel" }],
};
const POD_SPEC = { containers: [CONTAINER], volumes: [{ name: "config", configMap: { name: "km-agent-1" } }] };

function daemonSet(podSpec: object): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "km-agent", namespace: "km" },
    spec: { template: { spec: podSpec } },
  };
}

/** The patch for a container or a pod that somebody changed in one place. */
const againstContainer = (change: object) =>
  obstacles(daemonSet(POD_SPEC), daemonSet({ ...POD_SPEC, containers: [{ ...CONTAINER, ...change }] }));
const template = (spec: object) => ({ spec: { template: { spec } } });
const container = (parts: object) => template({ containers: [{ name: "km-agent", ...parts }] });

describe("what stands in an apply's way", () => {
  test.each([
    [
      "a value in place of a reference",
      { env: [{ name: "KM_API_KEY", value: "x" }, CONTAINER.env[1]] },
      container({ env: [{ name: "KM_API_KEY", $patch: "delete" }] }),
    ],
    [
      "a reference in place of a value",
      { env: [CONTAINER.env[0], { name: "CLUSTER", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] },
      container({ env: [{ name: "CLUSTER", $patch: "delete" }] }),
    ],
    [
      "a reference of another kind",
      { env: [{ name: "KM_API_KEY", valueFrom: { configMapKeyRef: { name: "a", key: "b" } } }] },
      container({ env: [{ name: "KM_API_KEY", $patch: "delete" }] }),
    ],
    [
      "a probe of another kind",
      { readinessProbe: { exec: { command: ["true"] }, periodSeconds: 10 } },
      container({ readinessProbe: null }),
    ],
    [
      "a seccomp profile of the node's own",
      { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "a.json" } } },
      container({ securityContext: { seccompProfile: null } }),
    ],
  ])("is %s", (_, change, patch) => {
    expect(againstContainer(change)).toEqual(patch);
  });

  test("is a volume of another kind, which goes with every mount of it", () => {
    const mounts = [
      ...CONTAINER.volumeMounts,
      { name: "config", mountPath: "/theirs" },
      { name: "x", mountPath: "/x" },
    ];
    const live = daemonSet({
      containers: [{ ...CONTAINER, volumeMounts: mounts }],
      volumes: [{ name: "config", emptyDir: {} }],
    });
    expect(obstacles(daemonSet(POD_SPEC), live)).toEqual(
      template({
        containers: [
          {
            name: "km-agent",
            volumeMounts: [
              { mountPath: "/etc/otel", $patch: "delete" },
              { mountPath: "/theirs", $patch: "delete" },
            ],
          },
        ],
        volumes: [{ name: "config", $patch: "delete" }],
      }),
    );
  });

  test.each([
    [
      "defaults of the API server",
      { readinessProbe: { httpGet: { path: "/", port: 13_133, scheme: "HTTP" }, periodSeconds: 10 } },
    ],
    ["other values of the members that are ours", { env: [{ name: "CLUSTER", value: "other" }] }],
    ["entries of others beside ours", { env: [...CONTAINER.env, { name: "THEIRS", value: "x" }] }],
    ["entries of ours that somebody took away", { env: [], readinessProbe: undefined, volumeMounts: [] }],
  ])("isn't %s", (_, change) => {
    expect(againstContainer(change)).toBeNull();
  });

  test("isn't anything of an object without a pod template", () => {
    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: {} };
    expect(obstacles(configMap, configMap)).toBeNull();
  });
});
