import { describe, expect, test } from "@jest/globals";
import { parseTimestamp, timestamp } from "./time.ts";

describe("a time as Kubernetes writes it", () => {
  test("has whole seconds, and is read back as they are", () => {
    const text = timestamp(Date.UTC(2026, 10, 28, 12, 0, 5, 999));
    expect([text, parseTimestamp(text)]).toEqual(["2026-11-28T12:00:05Z", Date.UTC(2026, 10, 28, 12, 0, 5)]);
  });

  test.each([Number.NaN, Infinity, 8.64e15 + 1])("is the epoch where no calendar knows it: %s", (milliseconds) => {
    expect(timestamp(milliseconds)).toBe("1970-01-01T00:00:00Z");
  });

  test.each([undefined, null, "", "yesterday", 1_700_000_000])("is null where it can't be read: %s", (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });
});
