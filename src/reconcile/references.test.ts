import { describe, expect, test } from "@jest/globals";
import { projectKmAgent } from "./project.ts";
import { hasSpec } from "./configuration.ts";
import { referenceProblem, referencesOf } from "./references.ts";
import type { Reference, Referenced } from "./references.ts";

const SECRET: Reference = { kind: "Secret", name: "s", key: "k", path: "spec.apiKeySecretRef" };
const CONFIG: Reference = { kind: "ConfigMap", name: "c", key: "k", path: "spec.config.nodeAgent.configMapKeyRef" };

test("a KmAgent refers to its key, its CA bundle and its configurations", () => {
  const kmagent = projectKmAgent({
    metadata: { name: "a", namespace: "km" },
    spec: {
      clusterName: "c",
      apiKeySecretRef: { name: "s", key: "k" },
      caBundleRef: { name: "ca", key: "ca.crt" },
      config: { clusterAgent: { configMapKeyRef: { name: "c", key: "k" } } },
    },
  });
  if (!hasSpec(kmagent)) throw new Error(kmagent.invalid);
  expect(referencesOf(kmagent).map(({ kind, name, path }) => `${kind} ${name} ${path}`)).toEqual([
    "Secret s spec.apiKeySecretRef",
    "ConfigMap ca spec.caBundleRef",
    "ConfigMap c spec.config.clusterAgent.configMapKeyRef",
  ]);
});

describe("a reference", () => {
  test.each<{ name: string; reference: Reference; found: Referenced; reason: string | null; says: string }>([
    {
      name: "that is found is no problem",
      reference: SECRET,
      found: { kind: "found", text: "x" },
      reason: null,
      says: "",
    },
    {
      name: "that isn't known yet is none either",
      reference: SECRET,
      found: { kind: "loading" },
      reason: null,
      says: "",
    },
    {
      name: "to no Secret",
      reference: SECRET,
      found: { kind: "missing" },
      reason: "SecretNotFound",
      says: "kubectl -n km create secret",
    },
    {
      name: "to no ConfigMap",
      reference: CONFIG,
      found: { kind: "missing" },
      reason: "ConfigMapNotFound",
      says: 'no ConfigMap "c"',
    },
    {
      name: "to a Secret without the key says which keys there are",
      reference: SECRET,
      found: { kind: "keyMissing", keys: ["other"] },
      reason: "SecretKeyNotFound",
      says: 'it has "other"',
    },
    {
      name: "to an empty ConfigMap",
      reference: CONFIG,
      found: { kind: "keyMissing", keys: [] },
      reason: "ConfigMapKeyNotFound",
      says: "it is empty",
    },
    {
      name: "to a Secret that we may not read",
      reference: SECRET,
      found: { kind: "notReadable", readable: ["others", "more"] },
      reason: "SecretNotReadable",
      says: "helm upgrade … --reuse-values --set 'secretNames={others,more,s}'",
    },
    {
      name: "to a Secret of the list that we may not read all the same names it once",
      reference: SECRET,
      found: { kind: "notReadable", readable: ["s", "others"] },
      reason: "SecretNotReadable",
      says: "--set 'secretNames={s,others}'",
    },
    {
      name: "to a ConfigMap that we may not read names the right that is missing",
      reference: CONFIG,
      found: { kind: "notReadable", readable: [] },
      reason: "ConfigMapNotReadable",
      says: "right to get, list and watch configmaps",
    },
  ])("$name", ({ reference, found, reason, says }) => {
    const problem = referenceProblem(reference, found, "km");
    expect(problem?.reason ?? null).toBe(reason);
    expect(problem?.message ?? "").toContain(says);
  });
});
