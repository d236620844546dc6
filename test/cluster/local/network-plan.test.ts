import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { clusterIdentity } from "./identity.ts";
import { networkPlan, nodeIndex, nodePlan, slotIsFree } from "./network-plan.ts";

const plan = networkPlan(clusterIdentity("/a/checkout", {}), 142);

describe("the addresses of a cluster", () => {
  test("differ from those of a cluster in another slot, but for what only its nodes see", () => {
    const other = networkPlan(clusterIdentity("/b/checkout", {}), 143);
    expect(other.hostAddress).not.toBe(plan.hostAddress);
    expect(other.etcdAddress).not.toBe(plan.etcdAddress);
    expect(other.apiServerPort).not.toBe(plan.apiServerPort);
    expect(other.bridge).not.toBe(plan.bridge);
    expect(other.serviceRange).toBe(plan.serviceRange);
  });

  test("give each node an address and a pod range of its own, none of them the bridge's", () => {
    const nodes = Array.from({ length: 200 }, (_, index) => nodePlan(plan, index + 1));
    expect(new Set(nodes.map(({ address }) => address)).size).toBe(200);
    expect(new Set(nodes.map(({ podRange }) => podRange)).size).toBe(200);
    expect(nodes.map(({ podRange }) => podRange)).not.toContain(plan.bridgeRange);
    expect(nodes.map(({ address }) => address)).not.toContain(plan.hostAddress);
  });

  test.each([0, 201, 1.5])("have no node with the index %p", (index) => {
    expect(() => nodePlan(plan, index)).toThrow(RangeError);
  });
});

test("a node's name leads back to its index, and a foreign name to none", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), (index) => expect(nodeIndex(nodePlan(plan, index).name)).toBe(index)),
  );
  expect(["node-0", "node-201", "node-01", "worker-1", "node-1x"].map(nodeIndex)).toEqual(Array(5).fill(undefined));
});

describe("a slot is", () => {
  test.each([
    ["free without any route", [], true],
    ["free beside a default route", ["default", "192.0.2.0/24"], true],
    ["free beside its neighbour", ["10.143.0.0/16"], true],
    ["taken by a route to the same /16", ["10.142.0.0/16"], false],
    ["taken by a smaller route inside it", ["10.142.3.0/24"], false],
    ["taken by a single address inside it", ["10.142.3.7"], false],
    ["free of a wider route around it", ["10.0.0.0/8", "10.128.0.0/9"], true],
    ["free of a wider route that begins where it does", ["10.142.0.0/15"], true],
    ["free of a foreign range", ["172.16.0.0/12", "192.142.0.0/16"], true],
  ])("%s", (_, destinations, free) => {
    expect(slotIsFree(142, destinations)).toBe(free);
  });
});
