import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { milliseconds, share } from "./duration.ts";

describe("milliseconds", () => {
  test.each([
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["250ms", 250],
    ["1.5h", 5_400_000],
    ["0s", 0],
    [60, 60_000],
  ] as const)("%p is %p ms", (duration, expected) => {
    expect(milliseconds(duration)).toBe(expected);
  });

  test.each(["", "30", "s", "1d", "1m 30s", "-5s", "30s!"])("%p is refused", (duration) => {
    expect(() => milliseconds(duration)).toThrow("not a duration");
  });

  test("adds its parts", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(1000), (h, m, s) => {
        expect(milliseconds(`${h}h${m}m${s}s`)).toBe(((h * 60 + m) * 60 + s) * 1000);
      }),
    );
  });
});

describe("share", () => {
  test.each([
    { of: "10%", total: 25, expected: 2, why: "a percentage is rounded down" },
    { of: "10%", total: 9, expected: 0, why: "also to nothing" },
    { of: "100%", total: 7, expected: 7, why: "all are all" },
    { of: 3, total: 25, expected: 3, why: "a number is itself" },
    { of: 30, total: 25, expected: 25, why: "never more than there are" },
    { of: "29%", total: 100, expected: 29, why: "no floating point error takes one away" },
  ])("$of of $total is $expected: $why", ({ of, total, expected }) => {
    expect(share(of, total)).toBe(expected);
  });

  test("is never below nothing and never above everything", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.nat(5000), (percent, total) => {
        const part = share(`${percent}%`, total);
        expect(part).toBe(Math.floor((percent * total) / 100));
      }),
    );
  });
});
