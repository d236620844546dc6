import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { clusterIdentity, slotsInOrder } from "./identity.ts";

describe("the identity of a cluster", () => {
  test("is the same for the same checkout and KM_CLUSTER", () => {
    expect(clusterIdentity("/a/checkout", { KM_CLUSTER: "x" })).toEqual(
      clusterIdentity("/a/checkout", { KM_CLUSTER: "x" }),
    );
  });

  test("differs between checkouts, and between two KM_CLUSTER of one checkout", () => {
    const ids = [
      clusterIdentity("/a", {}),
      clusterIdentity("/b", {}),
      clusterIdentity("/a", { KM_CLUSTER: "second" }),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
  });

  test("keeps interface names of the bridge and of 200 nodes within the kernel's 15 characters", () => {
    fc.assert(
      fc.property(fc.string(), (checkout) => {
        const { bridge, preferredSlot } = clusterIdentity(checkout, {});
        expect(`${bridge}n200`.length).toBeLessThanOrEqual(15);
        expect(bridge).toMatch(/^km[0-9a-f]{6}$/);
        expect(preferredSlot).toBeGreaterThanOrEqual(100);
        expect(preferredSlot).toBeLessThan(200);
      }),
    );
  });

  test("honours an absolute XDG_STATE_HOME and ignores a relative one", () => {
    expect(clusterIdentity("/a", { XDG_STATE_HOME: "/state" }).stateDirectory).toMatch(
      /^\/state\/kmagent-operator\/[0-9a-f]{6}$/,
    );
    expect(clusterIdentity("/a", { XDG_STATE_HOME: "state" }).stateDirectory).toMatch(
      /\/\.local\/state\/kmagent-operator\//,
    );
  });
});

test("every slot is tried once, the preferred one first", () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 199 }), (preferred) => {
      const slots = slotsInOrder(preferred);
      expect(slots[0]).toBe(preferred);
      expect(new Set(slots).size).toBe(100);
    }),
  );
});
