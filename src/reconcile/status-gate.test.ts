import { describe, expect, test } from "@jest/globals";
import { statusGate } from "./status-gate.ts";

describe("a changed status", () => {
  test.each([
    ["is written at once where none was written before", null, false, 0, { write: true }],
    ["is written at once after quiet", 1_000, false, 6_000, { write: true }],
    ["waits for the rest of five seconds otherwise", 1_000, false, 2_000, { write: false, at: 6_000 }],
    ["is written at once where it is urgent", 1_000, true, 1_001, { write: true }],
    ["is written at once where the clock was set back", 9_000, false, 1_000, { write: true }],
  ])("%s", (_name, last, urgent, now, gate) => {
    expect(statusGate(last, urgent, now)).toEqual(gate);
  });
});
