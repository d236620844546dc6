import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import type { KubeRequest } from "./client.ts";
import { readLog } from "./logs.ts";

const { signal } = new AbortController();
const WHICH = { namespace: "ns", pod: "p", container: "km-agent" };

function read(answer: unknown, more: object = {}): { log: Promise<string | undefined>; sent: KubeRequest[] } {
  const sent: KubeRequest[] = [];
  const request = (asked: KubeRequest) => {
    sent.push(asked);
    return answer instanceof KmError
      ? Promise.reject(answer)
      : Promise.resolve({ status: 200, body: answer, warnings: [] });
  };
  return { log: readLog({ request }, { ...WHICH, ...more }, signal), sent };
}

describe("a container's last words", () => {
  test("are asked for with bounds on both sides", async () => {
    const { log, sent } = read("panic: x\n", { previous: true, tailLines: 5, limitBytes: 1000 });
    expect(await log).toBe("panic: x\n");
    expect(sent[0]).toMatchObject({
      path: "/api/v1/namespaces/ns/pods/p/log",
      query: { container: "km-agent", previous: true, tailLines: 5, limitBytes: 1000 },
      as: "text",
      maxBytes: 2000,
    });
  });

  test.each(["NotFound", "Invalid"] as const)("of a container that has none (%s) are undefined", async (code) =>
    expect(await read(new KmError(code, "no")).log).toBeUndefined(),
  );

  test("that can't be had for another reason are a failure", () =>
    expect(read(new KmError("Forbidden", "no")).log).rejects.toMatchObject({ code: "Forbidden" }));
});
