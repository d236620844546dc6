import { describe, expect, test } from "@jest/globals";
import { canaryPod } from "./canary-pod.ts";

const template = {
  metadata: { labels: { app: "agent" }, annotations: { note: "kept" } },
  spec: {
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [{ key: "mine", operator: "Exists" }],
    affinity: {
      podAffinity: { kept: true },
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [] }] },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }],
      },
    },
    containers: [{ name: "km-agent" }],
  },
};
const daemonSet = { name: "km-agent", namespace: "km", uid: "ds-uid" };
const made = (of: object = template) =>
  canaryPod({ daemonSet, template: { ...of }, node: "n1", revision: "rev2", after: "12345678-90ab" });

describe("a canary's pod", () => {
  test("counts as the DaemonSet's own: its labels, its controller", () => {
    expect(made().metadata).toEqual({
      name: "km-agent-rev2-12345678",
      namespace: "km",
      labels: { app: "agent" },
      annotations: { note: "kept" },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "DaemonSet",
          name: "km-agent",
          uid: "ds-uid",
          controller: true,
          blockOwnerDeletion: false,
        },
      ],
    });
  });

  test("can run on its node alone, whatever else its template would choose", () => {
    expect(made()["spec"]).toMatchObject({
      nodeSelector: { "kubernetes.io/os": "linux" },
      affinity: {
        podAffinity: { kept: true },
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }],
        },
      },
    });
  });

  test.each([
    { network: "pods'", spec: {}, count: 7 },
    { network: "host's", spec: { hostNetwork: true }, count: 8 },
  ])("in the $network network tolerates what every DaemonSet pod does", ({ spec, count }) => {
    const { tolerations } = made({ ...template, spec: { ...template.spec, ...spec } })["spec"] as {
      tolerations: { key: string }[];
    };
    expect(tolerations).toHaveLength(count);
    expect(tolerations.map(({ key }) => key)).toEqual(
      expect.arrayContaining(["mine", "node.kubernetes.io/not-ready", "node.kubernetes.io/unschedulable"]),
    );
  });

  test("has a name that fits, for the longest KmAgent", () => {
    const long = canaryPod({
      daemonSet: { ...daemonSet, name: "a".repeat(40) },
      template,
      node: "n1",
      revision: "b".repeat(10),
      after: "12345678-90ab",
    });
    expect(long.metadata.name.length).toBeLessThanOrEqual(63);
  });
});
