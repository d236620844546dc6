import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { configMapName, daemonSetName, deploymentName, nodeDirectory } from "./names.ts";

const part = fc.constantFrom("a", "b", "cluster", "node-agent", "cluster-agent", "agent", "km.agent", "bcdfghjklm");
const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("-"));
const component = fc.constantFrom("node-agent" as const, "cluster-agent" as const);
const revision = fc.constantFrom("bcdfghjklm", "2456789bcd");

describe("names of objects", () => {
  test("never meet for two KmAgents of a namespace", () => {
    fc.assert(
      fc.property(fc.tuple(name, component, revision), fc.tuple(name, component, revision), (one, other) => {
        const same = one.join("/") === other.join("/");
        expect(configMapName(...one) === configMapName(...other)).toBe(same);
        expect(daemonSetName(one[0]) === daemonSetName(other[0])).toBe(one[0] === other[0]);
        expect(deploymentName(one[0]) === deploymentName(other[0])).toBe(one[0] === other[0]);
      }),
    );
  });

  test("never meet on a node for two KmAgents of any namespaces", () => {
    fc.assert(
      fc.property(fc.tuple(name, name), fc.tuple(name, name), (one, other) => {
        expect(nodeDirectory(...one) === nodeDirectory(...other)).toBe(one.join("/") === other.join("/"));
      }),
    );
  });

  test("stay names that Kubernetes takes for the longest KmAgent", () => {
    const longest = "a".repeat(40);
    expect(configMapName(longest, "cluster-agent", "bcdfghjklm").length).toBeLessThanOrEqual(253);
    // Pods of the Deployment get two hashes more, and their name is a label of some tools.
    expect(`${deploymentName(longest)}-`.length + 10 + 6).toBeLessThanOrEqual(68);
  });
});
