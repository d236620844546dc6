import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  DAEMONSETS,
  KMAGENTS,
  NODES,
  PODS,
  compareResourceVersions,
  objectKey,
  resourcePath,
  typeOf,
} from "./resource.ts";

describe("a path", () => {
  const rows = [
    { name: "of a core collection in a namespace", path: resourcePath(PODS, "ns"), is: "/api/v1/namespaces/ns/pods" },
    { name: "of a collection across namespaces", path: resourcePath(PODS), is: "/api/v1/pods" },
    {
      name: "of a subresource",
      path: resourcePath(KMAGENTS, "ns", "k", "status"),
      is: "/apis/kloudmate.com/v1alpha1/namespaces/ns/kmagents/k/status",
    },
    {
      name: "of a cluster-wide object, whatever namespace is given",
      path: resourcePath(NODES, "ns", "n"),
      is: "/api/v1/nodes/n",
    },
    {
      name: "of a name that would lead elsewhere",
      path: resourcePath(DAEMONSETS, "ns", "../x"),
      is: "/apis/apps/v1/namespaces/ns/daemonsets/..%2Fx",
    },
  ];
  test.each(rows)("$name", ({ path, is }) => expect(path).toBe(is));
});

describe("an object", () => {
  test("is known by its version and kind", () =>
    expect(typeOf({ apiVersion: "apps/v1", kind: "DaemonSet" })).toBe(DAEMONSETS));
  test("of a version that we don't speak is refused", () =>
    expect(() => typeOf({ apiVersion: "apps/v1beta1", kind: "DaemonSet" })).toThrow("no known resource"));
  test("has its namespace in its key where it has one", () =>
    expect([objectKey({ namespace: "ns", name: "a" }), objectKey({ name: "a" })]).toEqual(["ns/a", "a"]));
});

describe("resource versions", () => {
  test("compare as the numbers they are, of any length", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 30n }), (left, right) => {
        const order = compareResourceVersions(String(left), String(right)) ?? Number.NaN;
        expect(Math.sign(order)).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
    );
  });
  test.each([["", "1"], ["01", "1"], ["a", "b"], ["-1", "1"], ["1.5", "1"]])("%j and %j can't be compared", (left, right) =>
    expect(compareResourceVersions(left, right)).toBeUndefined(),
  ); // prettier-ignore
});
