import { describe, expect, test } from "@jest/globals";
import { eventually, until } from "./eventually.ts";

describe("waiting for a condition", () => {
  test("gives what is seen first, and takes an error for 'not yet'", async () => {
    const looks: (() => number | undefined)[] = [
      () => undefined,
      () => {
        throw new Error("too early");
      },
      () => 3,
    ];
    expect(await eventually("a number", () => looks.shift()?.(), { withinMs: 30_000, everyMs: 0 })).toBe(3);
  });

  test("that never comes ends with its name and what was amiss", async () => {
    const never = eventually(
      "spring",
      () => {
        throw new Error("still winter");
      },
      { withinMs: 20, everyMs: 1 },
    );
    await expect(never).rejects.toThrow("not within 0.02 s: spring (still winter)");
  });

  test.each([0, 600_000])("ends when it is told to, with %i ms between two looks", async (everyMs) => {
    const stop = new AbortController();
    const waiting = eventually("nothing", () => undefined, { withinMs: 600_000, everyMs, signal: stop.signal });
    setImmediate(() => stop.abort());
    await expect(waiting).rejects.toThrow("aborted");
  });

  test("of this process itself needs no name", async () => {
    let turns = 0;
    await until(() => ++turns > 2);
    expect(turns).toBe(3);
  });
});
