import { describe, expect, test } from "@jest/globals";
import { goMemoryLimit } from "./memory.ts";

describe("the memory limit", () => {
  test.each<[string, string | undefined, string | null]>([
    ["is four fifths of the limit", "512Mi", "409MiB"],
    ["is absent without a limit", undefined, null],
    ["is absent where the limit is none", "0", null],
    ["is absent where the limit can't be read", "much", null],
    ["is absent where the limit is negative", "-1Gi", null],
  ])("Go's soft limit %s", (_, limit, expected) => {
    expect(goMemoryLimit(limit)).toBe(expected);
  });
});
