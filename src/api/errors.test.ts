import { describe, expect, test } from "@jest/globals";
import { KmError, asKmError, codeOf, isRetryable } from "./errors.ts";

describe("KmError", () => {
  test("keeps what caused it", () => {
    const cause = new Error("connection reset");
    expect(new KmError("Unavailable", "the API server can't be reached", { cause }).cause).toBe(cause);
  });

  test("has no field causes and no wait where nobody gave any", () => {
    const { causes, retryAfterMs } = new KmError("Invalid", "refused");
    expect([causes, retryAfterMs]).toEqual([[], undefined]);
  });
});

describe("a thrown value as an error of ours", () => {
  test("is the same error where it is one already", () => {
    const error = new KmError("Conflict", "the object changed");
    expect(asKmError(error, "lease")).toBe(error);
  });

  test("tells of a stranger's only what was tried, and keeps it as the cause", () => {
    const stranger = new TypeError("the token abc isn't good");
    const { code, message, cause } = asKmError(stranger, "lease");
    expect([code, message, cause]).toEqual(["Unavailable", "lease: unexpected failure", stranger]);
  });
});

describe("an error's code", () => {
  test.each([
    { code: "Throttled", retryable: true, why: "the other side asked us to come back" },
    { code: "Conflict", retryable: true, why: "a fresh read may do" },
    { code: "Forbidden", retryable: true, why: "rights can be granted at any time" },
    { code: "InvalidSpec", retryable: false, why: "only an edit helps, and an edit is a new event" },
    { code: "NotLeading", retryable: false, why: "another one writes now" },
    { code: "Aborted", retryable: false, why: "we are stopping" },
  ] as const)("$code: retryable is $retryable, for $why", ({ code, retryable }) => {
    expect(isRetryable(code)).toBe(retryable);
  });

  test("of a stranger is Unavailable, so that it is tried again with backoff", () => {
    expect([codeOf(new TypeError("x")), codeOf("x"), codeOf(undefined)]).toEqual([
      "Unavailable",
      "Unavailable",
      "Unavailable",
    ]);
  });
});
