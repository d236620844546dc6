import { expect, test } from "@jest/globals";
import type { KubeObject } from "../kube/resource.ts";
import { isBehind } from "./expectations.ts";

function at(resourceVersion: string): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", resourceVersion } };
}

test.each([
  { name: "an object as old as our answer isn't behind", live: at("10"), cache: "10", answer: "10", behind: false },
  { name: "an older object is behind", live: at("9"), cache: "20", answer: "10", behind: true },
  { name: "a newer object isn't behind", live: at("11"), cache: "11", answer: "10", behind: false },
  {
    name: "no object in an older cache is behind: it may not have come yet",
    live: undefined,
    cache: "9",
    answer: "10",
    behind: true,
  },
  {
    name: "no object in a newer cache isn't behind: it is gone",
    live: undefined,
    cache: "11",
    answer: "10",
    behind: false,
  },
  { name: "versions that can't be compared count as new", live: at("x"), cache: "", answer: "10", behind: false },
])("$name", ({ live, cache, answer, behind }) => {
  expect(isBehind(live, cache, at(answer))).toBe(behind);
});
