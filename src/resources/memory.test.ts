import { expect, test } from "@jest/globals";
import { goMemoryLimit } from "./memory.ts";

test.each<[string, number | null, string | null]>([
  ["is four fifths of the container's", 512 * 2 ** 20, "409MiB"],
  ["is absent without a limit", null, null],
])("Go's soft limit %s", (_, limit, expected) => {
  expect(goMemoryLimit(limit)).toBe(expected);
});
