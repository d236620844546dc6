import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import { failureKind, passResult } from "./error-policy.ts";

describe("a failed write", () => {
  test.each([
    { code: "Invalid", kind: "refused", result: "failed" },
    { code: "Forbidden", kind: "refused", result: "failed" },
    { code: "TooLarge", kind: "refused", result: "failed" },
    { code: "Conflict", kind: "outdated", result: "failed" },
    { code: "NotFound", kind: "outdated", result: "failed" },
    { code: "Gone", kind: "outdated", result: "failed" },
    { code: "Aborted", kind: "stopping", result: "done" },
    { code: "NotLeading", kind: "stopping", result: "done" },
    { code: "Unavailable", kind: "retry", result: "failed" },
    { code: "Timeout", kind: "retry", result: "failed" },
    { code: "Unauthorized", kind: "retry", result: "failed" },
  ] as const)("with $code is $kind, and the pass is $result", ({ code, kind, result }) => {
    const error = new KmError(code, "x");
    expect(failureKind(error)).toBe(kind);
    expect(passResult([error])).toEqual(result === "failed" ? { kind: "failed", code } : { kind: "done" });
  });

  test.each([
    { name: "waits as long as a throttling API server asks for", errors: [throttled(4_000)], waitsMs: 4_000 },
    {
      name: "waits so also where another write had failed before",
      errors: [new KmError("Conflict", "another one"), throttled(4_000)],
      waitsMs: 4_000,
    },
    { name: "waits for the longest", errors: [throttled(1_000), throttled(9_000), throttled(4_000)], waitsMs: 9_000 },
  ])("$name", ({ errors, waitsMs }) => {
    expect(passResult(errors)).toEqual({ kind: "failed", code: errors[0]?.code, notBeforeMs: waitsMs });
  });

  test("counts also where another was held back because we stop", () => {
    const errors = [new KmError("Aborted", "stopping"), new KmError("Unavailable", "away")];
    expect(passResult(errors)).toEqual({ kind: "failed", code: "Unavailable" });
  });
});

function throttled(retryAfterMs: number): KmError {
  return new KmError("Throttled", "later", { retryAfterMs });
}
