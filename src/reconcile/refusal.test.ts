import { describe, expect, test } from "@jest/globals";
import { classifyRefusal } from "./refusal.ts";

describe("what the API server says of a refused pod", () => {
  test.each([
    ['pods "x" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes', "PodSecurityViolation"],
    ['pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2', "QuotaExceeded"],
    [
      'pods "x" is forbidden: error looking up service account a/b: serviceaccount "b" not found',
      "ServiceAccountMissing",
    ],
    ['Pod "km-agent-x" is invalid: spec.containers[0].volumeMounts[3].name: Not found: "nope"', "PodInvalid"],
    ['admission webhook "policy.example.com" denied the request: no hostPath here', "AdmissionDenied"],
  ])("%s", (message, kind) => {
    expect(classifyRefusal(message)).toEqual({ kind, message });
  });
});
