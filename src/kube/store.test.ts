import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ObjectStore } from "./store.ts";
import type { Entry } from "./store.ts";

interface Pod {
  readonly node: string | undefined;
}

const entry = (node: string | undefined, resourceVersion = "1", uid = "u"): Entry<Pod> => ({
  uid,
  resourceVersion,
  value: { node },
});

function store(): { store: ObjectStore<Pod>; told: string[] } {
  const made = new ObjectStore<Pod>({ node: ({ node }) => node });
  const told: string[] = [];
  made.subscribe(({ type, key }) => void told.push(`${type} ${key}`));
  return { store: made, told };
}

describe("the store", () => {
  test("is synced by its first list, not before", () => {
    const { store: pods } = store();
    expect(pods.synced).toBe(false);
    pods.set("a", entry("n1"), "5");
    expect(pods.synced).toBe(false);
    pods.replace(new Map(), "6");
    expect([pods.synced, pods.resourceVersion, pods.size]).toEqual([true, "6", 0]);
  });

  test("tells nothing of what is the same", () => {
    const { store: pods, told } = store();
    pods.set("a", entry("n1"), "5");
    pods.set("a", entry("n1"), "6");
    pods.replace(new Map([["a", entry("n1")]]), "7");
    expect(told).toEqual(["added a"]);
  });

  test("tells of removal before it tells of the successor under the same name", () => {
    const { store: pods, told } = store();
    pods.set("a", entry("n1"), "5");
    pods.set("a", entry("n1", "6", "second"), "6");
    expect(told).toEqual(["added a", "removed a", "added a"]);
  });

  test("shows a listener of a relist the whole of it", () => {
    const pods = new ObjectStore<Pod>();
    const sizes: number[] = [];
    pods.subscribe(() => void sizes.push(pods.size));
    pods.replace(new Map([["a", entry("n")], ["b", entry("n")], ["c", entry("n")]]), "1"); // prettier-ignore
    expect(sizes).toEqual([3, 3, 3]);
  });

  test("tells a listener nothing more once it has left", () => {
    const pods = new ObjectStore<Pod>();
    let told = 0;
    const leave = pods.subscribe(() => {
      told++;
    });
    pods.set("a", entry("n1"), "5");
    leave();
    pods.set("b", entry("n1"), "6");
    expect(told).toBe(1);
  });

  test("refuses an index that nobody declared", () => expect(() => store().store.by("owner", "x")).toThrow(TypeError));

  test("an index always gives what a walk over all objects would", () => {
    const change = fc.record({
      key: fc.constantFrom("a", "b", "c", "d"),
      node: fc.option(fc.constantFrom("n1", "n2"), { nil: undefined }),
      kind: fc.constantFrom("set", "delete", "relist"),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const { store: pods } = store();
        changes.forEach(({ key, node, kind }, at) => {
          if (kind === "relist") pods.replace(new Map([[key, entry(node, String(at))]]), String(at));
          else pods.set(key, kind === "set" ? entry(node, String(at)) : undefined, String(at));
          for (const wanted of ["n1", "n2"]) {
            expect(pods.by("node", wanted)).toHaveLength(
              [...pods.values()].filter((pod) => pod.node === wanted).length,
            );
          }
        });
      }),
    );
  });
});
