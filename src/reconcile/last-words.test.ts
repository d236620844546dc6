import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { LastWords } from "./last-words.ts";
import { createIntern, projectPod } from "./project.ts";
import type { PodRecord } from "./project.ts";

const intern = createIntern();
const NEVER = new AbortController().signal;

/** Ends of a container, a second apart. */
const endedAt = (end: number): string => new Date(end * 1_000).toISOString();

/** A pod whose container runs again after its end of this number, which left this message. */
function pod(name: string, end = 1, message = ""): PodRecord {
  const terminated = { exitCode: 0, reason: "Completed", message, finishedAt: endedAt(end) };
  const container = { name: "km-agent", restartCount: end, state: { running: {} }, lastState: { terminated } };
  return projectPod(
    { metadata: { name, namespace: "km", uid: name }, status: { containerStatuses: [container] } },
    intern,
  );
}

/** `LastWords` whose client answers when it is told to. */
function listening() {
  const asked: string[] = [];
  const heard: string[] = [];
  const failed: string[] = [];
  const answers: ((answer: string | KmError) => void)[] = [];
  const client = {
    request: async ({ path }: { readonly path: string }) => {
      asked.push(path.split("/").at(-2) ?? "");
      const { promise, resolve } = Promise.withResolvers<string | KmError>();
      answers.push(resolve);
      const answer = await promise;
      if (answer instanceof KmError) throw answer;
      return { status: 200, body: answer, warnings: [] };
    },
  } as unknown as Pick<KubeClient, "request">;
  const words = new LastWords({
    client,
    onWords: (key) => heard.push(key),
    onFailure: (_key, of) => failed.push(of),
  });
  const answer = async (text: string | KmError) => {
    answers.shift()?.(text);
    // What waits for the answer runs in microtasks alone.
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return { words, asked, heard, failed, answer };
}

describe("the last words of a container", () => {
  test("are read where it ended without a message, and told of", async () => {
    const { words, asked, heard, answer } = listening();
    words.listen("km/a", [pod("silent"), pod("told", 1, "out of memory"), pod("fresh", 2)], NEVER);
    expect(asked).toEqual(["silent", "fresh"]);
    await answer("bad config");
    expect(words.of("km/a")).toEqual(new Map([["silent/1000", "bad config"]]));
    expect(heard).toEqual(["km/a"]);
  });

  test("are asked for once a run", async () => {
    const { words, asked, answer } = listening();
    words.listen("km/a", [pod("p")], NEVER);
    words.listen("km/a", [pod("p")], NEVER);
    await answer("bye");
    words.listen("km/a", [pod("p")], NEVER);
    expect(asked).toEqual(["p"]);
    words.listen("km/a", [pod("p", 2)], NEVER);
    expect(asked).toEqual(["p", "p"]);
    expect(words.of("km/a")).toEqual(new Map());
  });

  test("are those of the newest end, also before the container has started again", async () => {
    const { words, asked, answer } = listening();
    const running = pod("p");
    words.listen("km/a", [running], NEVER);
    await answer("port in use");
    const ended = { exitCode: 0, signal: null, reason: "Completed", message: "", finishedAt: 2_000 };
    const over: PodRecord = { ...running, container: { state: "terminated", restarts: 1, last: ended } };
    words.listen("km/a", [over], NEVER);
    expect(words.of("km/a")).toEqual(new Map());
    await answer("disk full");
    const waiting = { state: "waiting", reason: "CrashLoopBackOff", message: "", restarts: 1, last: ended } as const;
    words.listen("km/a", [{ ...running, container: waiting }], NEVER);
    expect(words.of("km/a")).toEqual(new Map([["p/2000", "disk full"]]));
    expect(asked).toEqual(["p", "p"]);
  });

  test("that can't be read count as none, and aren't asked for again", async () => {
    const { words, asked, failed, answer } = listening();
    words.listen("km/a", [pod("p")], NEVER);
    await answer(new KmError("Timeout", "kubelet is away"));
    words.listen("km/a", [pod("p")], NEVER);
    expect(asked).toEqual(["p"]);
    expect(failed).toEqual(["p"]);
    expect(words.of("km/a")).toEqual(new Map([["p/1000", ""]]));
  });

  test("are read of five containers at once at most", async () => {
    const { words, asked, answer } = listening();
    const pods = Array.from({ length: 12 }, (_, at) => pod(`p${at}`));
    words.listen("km/a", pods, NEVER);
    words.listen("km/a", pods, NEVER);
    expect(asked).toHaveLength(5);
    await answer("bye");
    words.listen("km/a", pods, NEVER);
    expect(asked).toHaveLength(6);
  });

  test("are of no use once the KmAgent is gone", async () => {
    const { words, heard, answer } = listening();
    words.listen("km/a", [pod("p")], NEVER);
    words.forget("km/a");
    await answer("bye");
    expect(words.of("km/a").size).toBe(0);
    expect(heard).toEqual([]);
  });
});
