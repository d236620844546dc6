import { describe, expect, test } from "@jest/globals";
import type { KubeObject } from "../kube/resource.ts";
import { garbage } from "./garbage.ts";

function configMap(revision: string, minute: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: `cm-${revision}`,
      labels: { "kloudmate.com/revision": revision },
      creationTimestamp: `2026-01-01T00:${String(minute).padStart(2, "0")}:00Z`,
    },
  };
}

const configMaps = ["a", "b", "c", "d", "e", "f"].map((revision, at) => configMap(revision, at));
const removed = (named: string[], live: string[]) =>
  garbage({ configMaps, named: new Set(named), liveRevisions: new Set(live) }).map((object) => object.metadata.name);

describe("ConfigMaps of old revisions", () => {
  test("go, but for the newest three that nobody uses", () => {
    expect(removed(["cm-f"], ["f"])).toEqual(["cm-b", "cm-a"]);
  });

  test("stay while a pod lives that was made for them, however old", () => {
    expect(removed(["cm-f"], ["f", "a"])).toEqual(["cm-b"]);
  });

  test("stay while a template names them", () => {
    expect(removed(["cm-f", "cm-a", "cm-b"], [])).toEqual([]);
  });

  test("stay where no label tells their revision", () => {
    const unlabelled: KubeObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } };
    const facts = {
      configMaps: [unlabelled, ...configMaps],
      named: new Set<string>(),
      liveRevisions: new Set<string>(),
    };
    expect(garbage(facts).map((object) => object.metadata.name)).not.toContain("x");
  });
});
