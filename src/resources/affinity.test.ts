import { describe, expect, test } from "@jest/globals";
import { nodeAgentAffinity } from "./affinity.ts";

const VIRTUAL = [
  { key: "type", operator: "NotIn", values: ["virtual-kubelet"] },
  { key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate"] },
];
const zone = (value: string) => ({ key: "zone", operator: "In", values: [value] });
const terms = (...each: object[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: each } },
});

describe("the node agents' affinity", () => {
  test("keeps them off virtual nodes", () => {
    expect(nodeAgentAffinity(undefined)).toEqual(terms({ matchExpressions: VIRTUAL }));
  });

  test("keeps them off virtual nodes in each of the user's alternatives", () => {
    expect(nodeAgentAffinity(terms({ matchExpressions: [zone("a")] }, { matchFields: [zone("b")] }))).toEqual(
      terms({ matchExpressions: [zone("a"), ...VIRTUAL] }, { matchFields: [zone("b")], matchExpressions: VIRTUAL }),
    );
  });

  test("leaves the user's other affinities as they are", () => {
    const podAntiAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [] };
    expect(nodeAgentAffinity({ podAntiAffinity })).toMatchObject({ podAntiAffinity });
  });

  test.each([
    ["a node affinity that is no map", { nodeAffinity: "x" }],
    [
      "terms that are no list",
      { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: 1 } } },
    ],
  ])("passes %s on, for the API server to refuse it", (_name, given) => {
    expect(nodeAgentAffinity(given)).toEqual(given);
  });
});
