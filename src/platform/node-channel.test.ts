import { describe, expect, test } from "@jest/globals";
import { NodeChannel } from "./node-channel.ts";
import type { Outcome } from "./outcome.ts";

const OK: Outcome = { kind: "ok", answer: {}, message: "" };
const REJECTED: Outcome = { kind: "rejected", message: "" };
const DOWN: Outcome = { kind: "unreachable", fault: "refused", message: "" };
const THROTTLED: Outcome = { kind: "throttled", retryAfterMs: 1_000, message: "" };
const FAILING: Outcome = { kind: "serverError", retryAfterMs: null, message: "" };

describe("the channel of three nodes' reports", () => {
  test.each<[name: string, heard: readonly (readonly [string, Outcome])[], kind: string]>([
    [
      "one is never taken, the others always",
      [
        ["a", OK],
        ["b", REJECTED],
        ["c", OK],
        ["b", REJECTED],
        ["b", REJECTED],
        ["b", REJECTED],
      ],
      "connected",
    ],
    ["one isn't taken, before any other was sent", [["b", REJECTED]], "notContacted"],
    [
      "two are never taken",
      [
        ["a", OK],
        ["b", REJECTED],
        ["c", REJECTED],
        ["b", REJECTED],
        ["c", REJECTED],
      ],
      "connected",
    ],
    [
      "none is taken any more",
      [
        ["a", OK],
        ["a", REJECTED],
        ["b", REJECTED],
        ["c", REJECTED],
      ],
      "error",
    ],
    [
      "none was taken, and now one is",
      [
        ["a", REJECTED],
        ["b", REJECTED],
        ["c", REJECTED],
        ["a", OK],
      ],
      "connected",
    ],
    [
      "one that wasn't taken is taken in between",
      [
        ["a", REJECTED],
        ["b", REJECTED],
        ["a", OK],
        ["c", REJECTED],
      ],
      "connected",
    ],
    [
      "one call is throttled",
      [
        ["a", OK],
        ["b", THROTTLED],
      ],
      "connected",
    ],
    [
      "the platform fails once",
      [
        ["a", OK],
        ["b", FAILING],
      ],
      "connected",
    ],
    [
      "one call is throttled now and then",
      [
        ["a", OK],
        ["b", THROTTLED],
        ["b", OK],
        ["c", THROTTLED],
      ],
      "connected",
    ],
    [
      "two calls in a row are throttled",
      [
        ["a", OK],
        ["b", THROTTLED],
        ["b", THROTTLED],
      ],
      "throttled",
    ],
    ["the first call of all is throttled", [["a", THROTTLED]], "throttled"],
    [
      "the platform is away",
      [
        ["a", OK],
        ["b", DOWN],
        ["b", DOWN],
      ],
      "unreachable",
    ],
  ])("%s", (_name, heard, kind) => {
    const channel = new NodeChannel();
    for (const [hostname, outcome] of heard) channel.hear(outcome, hostname, 3);
    expect(channel.state.kind).toBe(kind);
  });

  test("doesn't move however often one node's report isn't taken", () => {
    const channel = new NodeChannel();
    channel.hear(OK, "a", 3);
    const { state } = channel;
    for (let i = 0; i < 100; i++) {
      channel.hear(REJECTED, "b", 3);
      channel.hear(OK, "a", 3);
      expect(channel.state).toBe(state);
    }
  });

  test("is judged by the nodes that are left", () => {
    const channel = new NodeChannel();
    channel.hear(OK, "a", 2);
    channel.hear(REJECTED, "b", 2);
    channel.forget(["a"]);
    channel.hear(REJECTED, "b", 1);
    expect(channel.state.kind).toBe("error");
  });

  test("counts no node that has left", () => {
    const channel = new NodeChannel();
    channel.hear(OK, "a", 3);
    channel.hear(REJECTED, "b", 3);
    channel.forget(["b"]);
    channel.hear(REJECTED, "c", 2);
    expect(channel.state.kind).toBe("connected");
  });
});

test("a refusal is news once a node, and again once a report of it was taken", () => {
  const channel = new NodeChannel();
  const told = (["a", "a", "b", "a"] as const).map((hostname) => channel.hear(REJECTED, hostname, 9));
  expect(told).toEqual([true, false, true, false]);
  channel.hear(OK, "a", 9);
  expect(["a", "b"].map((hostname) => channel.hear(REJECTED, hostname, 9))).toEqual([true, false]);
  channel.forgetAll();
  expect(channel.hear(REJECTED, "b", 9)).toBe(true);
});
