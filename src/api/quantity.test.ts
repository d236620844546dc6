import { describe, expect, test } from "@jest/globals";
import { parseQuantity } from "./quantity.ts";

describe("a quantity", () => {
  test.each<[unknown, number]>([
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
    ["-1Gi", -1_073_741_824],
    ["+1", 1],
    ["250m", 0.25],
    ["100n", 1e-7],
  ])("%p is %p", (quantity, number) => {
    expect(parseQuantity(quantity)).toBe(number);
  });

  test.each([
    ["1000m", "1"],
    ["1Gi", "1024Mi"],
    ["0.5", "500m"],
    ["1e3", "1k"],
    ["128974848", "123Mi"],
  ])("%s equals %s", (a, b) => {
    expect(parseQuantity(a)).toBe(parseQuantity(b));
  });

  test.each(["much", "1Mb", "1 GB", "", ".", "1..5", "1e3Mi", undefined, null, true, [1], {}])(
    "is told from %p",
    (text) => {
      expect(parseQuantity(text)).toBeNull();
    },
  );
});
