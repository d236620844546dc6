import { describe, expect, test } from "@jest/globals";
import { bytesOf, goMemoryLimit } from "./memory.ts";

describe("quantities of memory", () => {
  test.each<[string | number, number | null]>([
    ["512Mi", 536_870_912],
    ["1Gi", 1_073_741_824],
    ["1.5Gi", 1_610_612_736],
    [".5Gi", 536_870_912],
    ["128974848", 128_974_848],
    [128_974_848, 128_974_848],
    ["129e6", 129_000_000],
    ["129M", 129_000_000],
    ["128974848000m", 128_974_848],
    ["1E", 1e18],
    ["0", 0],
    ["much", null],
    ["1Mb", null],
    ["", null],
    ["-1Gi", null],
  ])("%p is %p bytes", (quantity, bytes) => {
    expect(bytesOf(quantity)).toBe(bytes);
  });

  test.each<[string, string | undefined, string | null]>([
    ["is four fifths of the limit", "512Mi", "409MiB"],
    ["is absent without a limit", undefined, null],
    ["is absent where the limit is none", "0", null],
    ["is absent where the limit can't be read", "much", null],
  ])("Go's soft limit %s", (_, limit, expected) => {
    expect(goMemoryLimit(limit)).toBe(expected);
  });
});
