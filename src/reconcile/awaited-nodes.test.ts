import { describe, expect, test } from "@jest/globals";
import { awaitedNodes } from "./awaited-nodes.ts";

const names = (...of: Parameters<typeof awaitedNodes>) => [...awaitedNodes(...of).names];

describe("the nodes that a rollout waits for", () => {
  test("are its canaries and those whose pod is being replaced", () => {
    const rollout = {
      canaries: ["n"],
      inFlight: [
        { node: "n", podUID: "u" },
        { node: "m", podUID: "v" },
      ],
    };
    expect(names(rollout, 30_000)).toEqual(["n", "m"]);
  });

  test("are none where no rollout is known, or where it keeps no record", () => {
    expect(names(undefined, 30_000)).toEqual([]);
    expect(names({ phase: "Progressing", target: "r" }, 30_000)).toEqual([]);
  });

  test.each([
    { name: "every two seconds", intervalMs: 30_000, everyMs: 2_000 },
    { name: "never less often than the others", intervalMs: 1_000, everyMs: 1_000 },
  ])("are asked $name", ({ intervalMs, everyMs }) => {
    expect(awaitedNodes({ canaries: ["n"] }, intervalMs).everyMs).toBe(everyMs);
  });
});
