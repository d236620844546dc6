import { describe, expect, test } from "@jest/globals";
import { together } from "./together.ts";

const never = new AbortController().signal;
const untilAborted = async (signal: AbortSignal): Promise<never> =>
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("told to stop"))));

describe("parts that run together", () => {
  test("give their results in their own order", async () => {
    let release = (): void => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    const results = together(never, [async () => slow.then(() => "slow"), () => (release(), Promise.resolve(2))]);
    expect(await results).toEqual(["slow", 2]);
  });

  test("end with the first failure, after the others were told to stop and did", async () => {
    let stopped = false;
    const patient = async (signal: AbortSignal): Promise<void> => {
      await untilAborted(signal).catch(() => (stopped = true));
    };
    await expect(together(never, [patient, () => Promise.reject(new Error("broken"))])).rejects.toThrow("broken");
    expect(stopped).toBe(true);
  });

  test("stop when the caller does", async () => {
    const caller = new AbortController();
    const both = together(caller.signal, [untilAborted, untilAborted]);
    caller.abort(new Error("interrupted"));
    await expect(both).rejects.toThrow("told to stop");
  });

  test("of none are done", async () => {
    expect(await together(never, [])).toEqual([]);
  });
});
