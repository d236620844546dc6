import { describe, expect, test } from "@jest/globals";
import type { Clock } from "../api/clock.ts";
import { KmError } from "../api/errors.ts";
import type { KubeClient, KubeRequest } from "./client.ts";
import { askServerMinor, serverMinor } from "./server-version.ts";

/** A clock on which every wait is over at once. */
const clock: Clock = {
  now: () => 0,
  wallNow: () => 0,
  after: (_ms, act) => {
    queueMicrotask(act);
    return () => undefined;
  },
};

/** A client that gives these answers, one after the other. */
function answering(...answers: readonly unknown[]) {
  let calls = 0;
  const limits: (number | undefined)[] = [];
  const client = {
    request: async (request: KubeRequest) => {
      limits.push(request.timeoutMs);
      const answer = answers[calls++];
      if (answer instanceof KmError) throw answer;
      return Promise.resolve({ status: 200, body: answer, warnings: [] });
    },
  } as unknown as Pick<KubeClient, "request">;
  return { client, calls: () => calls, limits };
}

describe("the API server's minor version", () => {
  const away = new KmError("Unavailable", "away");
  test.each([
    { name: "is read", answers: [{ minor: "34" }], expected: 34 },
    { name: "is read with a provider's plus sign", answers: [{ minor: "29+" }], expected: 29 },
    { name: "is unknown where the server doesn't say", answers: [{}], expected: null },
    { name: "is asked for until the server answers", answers: [away, away, { minor: "34" }], expected: 34 },
    { name: "is unknown where we may not ask", answers: [new KmError("Forbidden", "no")], expected: null },
  ])("$name", async ({ answers, expected }) => {
    const { client, calls } = answering(...answers);
    await expect(serverMinor(client, clock, new AbortController().signal)).resolves.toBe(expected);
    expect(calls()).toBe(answers.length);
  });

  test("isn't waited for after a stop", async () => {
    const { client } = answering(away, away);
    await expect(serverMinor(client, clock, AbortSignal.abort())).resolves.toBeNull();
  });

  test("is asked once, within a limit, by who can't wait, and the failure is told", async () => {
    const { client, calls, limits } = answering(away, { minor: "34" });
    const { signal } = new AbortController();
    await expect(askServerMinor(client, signal, 5_000)).rejects.toBe(away);
    expect({ calls: calls(), limits }).toEqual({ calls: 1, limits: [5_000] });
    await expect(askServerMinor(answering(new KmError("Forbidden", "no")).client, signal)).resolves.toBeNull();
  });
});
