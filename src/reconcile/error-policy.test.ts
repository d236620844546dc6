import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import { failureKind, passResult } from "./error-policy.ts";

describe("a failed write", () => {
  test.each([
    { code: "Invalid", kind: "refused", result: { kind: "failed" } },
    { code: "Forbidden", kind: "refused", result: { kind: "failed" } },
    { code: "TooLarge", kind: "refused", result: { kind: "failed" } },
    { code: "Conflict", kind: "outdated", result: { kind: "failed" } },
    { code: "NotFound", kind: "outdated", result: { kind: "failed" } },
    { code: "Gone", kind: "outdated", result: { kind: "failed" } },
    { code: "Aborted", kind: "stopping", result: { kind: "done" } },
    { code: "NotLeading", kind: "stopping", result: { kind: "done" } },
    { code: "Unavailable", kind: "retry", result: { kind: "failed" } },
    { code: "Timeout", kind: "retry", result: { kind: "failed" } },
    { code: "Unauthorized", kind: "retry", result: { kind: "failed" } },
  ] as const)("with $code is $kind, and the pass is $result.kind", ({ code, kind, result }) => {
    const error = new KmError(code, "x");
    expect(failureKind(error)).toBe(kind);
    expect(passResult(error)).toEqual(result);
  });

  test("waits as long as a throttling API server asks for", () => {
    const error = new KmError("Throttled", "later", { retryAfterMs: 4_000 });
    expect(passResult(error)).toEqual({ kind: "failed", notBeforeMs: 4_000 });
  });
});
