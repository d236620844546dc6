import { describe, expect, test } from "@jest/globals";
import { selectorLabels } from "../api/labels.ts";
import type { ObjectMeta, OwnerReference } from "../kube/resource.ts";
import { ownership } from "./ownership.ts";

const KMAGENT = { uid: "uid-agent", name: "agent" };
const OURS: OwnerReference = {
  apiVersion: "kloudmate.com/v1alpha1",
  kind: "KmAgent",
  name: "agent",
  uid: "uid-agent",
  controller: true,
};
const HELM: OwnerReference = { apiVersion: "v1", kind: "Release", name: "r", uid: "uid-r", controller: true };
const LABELS = selectorLabels("agent", "node-agent");

describe("an object", () => {
  test.each<{ name: string; metadata: Partial<ObjectMeta>; expected: object }>([
    { name: "is ours by its controller's UID", metadata: { ownerReferences: [OURS] }, expected: { kind: "ours" } },
    {
      name: "is ours whatever its labels say",
      metadata: { ownerReferences: [OURS], labels: {} },
      expected: { kind: "ours" },
    },
    {
      name: "is its controller's, though it names us as an owner too",
      metadata: { ownerReferences: [{ ...OURS, controller: false }, HELM] },
      expected: { kind: "foreign", owner: "Release r" },
    },
    {
      name: "of a KmAgent of our name that isn't us was our predecessor's",
      metadata: { ownerReferences: [{ ...OURS, uid: "uid-before" }], labels: LABELS },
      expected: { kind: "predecessor", owner: "KmAgent agent" },
    },
    {
      name: "of another KmAgent is not ours",
      metadata: { ownerReferences: [{ ...OURS, uid: "uid-b", name: "b" }], labels: LABELS },
      expected: { kind: "foreign", owner: "KmAgent b" },
    },
    {
      name: "of our name in another API group is not ours",
      metadata: { ownerReferences: [{ ...OURS, apiVersion: "example.com/v1", uid: "uid-b" }] },
      expected: { kind: "foreign", owner: "KmAgent agent" },
    },
    {
      name: "without an owner and with our labels is an orphan",
      metadata: { labels: LABELS },
      expected: { kind: "orphan" },
    },
    {
      name: "without an owner and with another instance's labels is foreign",
      metadata: { labels: selectorLabels("other", "node-agent") },
      expected: { kind: "foreign", owner: "somebody" },
    },
    {
      name: "without owner says by label who manages it",
      metadata: { labels: { "app.kubernetes.io/managed-by": "Helm" } },
      expected: { kind: "foreign", owner: "Helm" },
    },
  ])("$name", ({ metadata, expected }) => {
    const object = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent", ...metadata } };
    expect(ownership(object, KMAGENT)).toEqual(expected);
  });
});
