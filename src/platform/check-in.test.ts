import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock } from "../../test/platform/manual-clock.ts";
import type { Log, LogFields } from "../telemetry/log.ts";
import { CheckIn } from "./check-in.ts";
import type { Outcome } from "./outcome.ts";
import { checkInRequest } from "./payload.ts";
import type { HeardAnswer } from "./wire.ts";

const URL = "https://api.kloudmate.test/agents/config-check";
const PLAN = { updateURL: URL, intervalMs: 60_000 };
const REQUEST = checkInRequest([], { logsEnabled: true, lastError: "", news: null, image: "" }, "prod", "contrib", {
  version: "1",
  architecture: "amd64",
});
const ok = (answer: Record<string, unknown> = {}): Outcome => ({ kind: "ok", answer, message: "" });

let clock: ManualClock;
let lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
let posted: object[];
let answers: HeardAnswer[];
let outcomes: Outcome[];
let platform: (payload: object) => Outcome;
let checkIn: CheckIn;

function recorder(): Log {
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, message, fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => recorder() };
}

function make(): CheckIn {
  return new CheckIn({
    clock,
    random: () => 0,
    log: recorder(),
    post: (payload) => {
      posted.push(payload);
      return Promise.resolve(platform(payload));
    },
    request: () => REQUEST,
    onOutcome: (outcome) => outcomes.push(outcome),
    onAnswer: (answer) => answers.push(answer),
  });
}

const told = (): string[] => lines.map(({ level, message }) => `${level} ${message}`);

beforeEach(() => {
  clock = new ManualClock();
  [lines, posted, answers, outcomes] = [[], [], [], []];
  platform = () => ok();
  checkIn = make();
});
afterEach(() => checkIn.stop());

test("the first check is made at once, then one every interval", async () => {
  checkIn.start(PLAN);
  await clock.advance(0);
  expect(posted).toHaveLength(1);
  await clock.advance(59_999);
  expect(posted).toHaveLength(1);
  await clock.advance(1);
  expect(posted).toHaveLength(2);
});

test("the monitoring page's messages are logged word for word, at their levels", async () => {
  checkIn.start(PLAN);
  await clock.advance(0);
  expect(told()).toEqual([
    "info config update checker started",
    "debug checking for configuration updates",
    "debug no configuration change detected",
  ]);
  expect(lines[0]?.fields).toEqual({ updateURL: URL, intervalSeconds: 60 });
});

describe("a failed check is logged with its cause, and which fault it is", () => {
  const table: readonly [string, Outcome, fault: string][] = [
    ["a bad key", { kind: "unauthorized", message: "the key" }, "auth"],
    ["a key without the right", { kind: "forbidden", message: "the right" }, "auth"],
    ["a refused connection", { kind: "unreachable", fault: "refused", message: "the net" }, "network"],
    ["a name that isn't there", { kind: "unreachable", fault: "dns", message: "the name" }, "url"],
    ["something else that answers", { kind: "badAnswer", message: "a login page" }, "url"],
    ["the platform's own failure", { kind: "serverError", retryAfterMs: null, message: "500" }, "platform"],
  ];
  test.each(table)("%s", async (_name, outcome, fault) => {
    platform = () => outcome;
    checkIn.start(PLAN);
    await clock.advance(0);
    expect(lines.at(-1)).toEqual({
      level: "error",
      message: `Periodic config check failed: ${outcome.message}`,
      fields: { updateURL: URL, fault },
    });
    expect(told()).not.toContain("debug no configuration change detected");
  });

  test("fields of wrong types", async () => {
    platform = () => ok({ restart_required: "yes" });
    checkIn.start(PLAN);
    await clock.advance(0);
    expect(lines.at(-1)?.message).toContain("Periodic config check failed: ");
    expect(outcomes.at(-1)?.kind).toBe("badAnswer");
  });
});

test("after a failure it is tried sooner than the interval, and later after a bad key", async () => {
  platform = () => ({ kind: "serverError", retryAfterMs: null, message: "" });
  checkIn.start({ ...PLAN, intervalMs: 86_400_000 });
  await clock.advance(1_000);
  expect(posted.length).toBeGreaterThan(1);
  platform = () => ({ kind: "unauthorized", message: "" });
  await clock.advance(120_000);
  const before = posted.length;
  await clock.advance(170_000);
  expect(posted).toHaveLength(before);
});

describe("the two fields that we add", () => {
  test("are left out after a 400, at once and from then on", async () => {
    platform = (payload) => ("agent_status" in payload ? { kind: "rejected", message: "" } : ok());
    checkIn.start(PLAN);
    await clock.advance(0);
    expect(posted.map((payload) => "agent_status" in payload)).toEqual([true, false]);
    await clock.advance(60_000);
    expect(posted.map((payload) => "last_error_message" in payload)).toEqual([true, false, false]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["ok", "ok"]);
  });

  test("are not to blame where the rest is refused too", async () => {
    platform = () => ({ kind: "rejected", message: "no" });
    checkIn.start(PLAN);
    await clock.advance(0);
    expect(outcomes).toMatchObject([{ kind: "rejected" }]);
    platform = () => ok();
    await clock.advance(60_000);
    expect("agent_status" in (posted.at(-1) ?? {})).toBe(true);
  });
});

describe("a configuration in the answer", () => {
  const config = { restart_required: true, config: { daemonset_config: { a: 1 }, deployment_config: null } };

  test("is handed on", async () => {
    platform = () => ok(config);
    checkIn.start(PLAN);
    await clock.advance(0);
    expect(answers).toEqual([{ restartRequired: true, nodeAgent: { a: 1 }, clusterAgent: null }]);
    expect(told()).not.toContain("debug no configuration change detected");
  });

  test("is told from an answer that asks for nothing, which is handed on too", async () => {
    const quiet = { restartRequired: false, nodeAgent: null, clusterAgent: null };
    checkIn.start(PLAN);
    await clock.advance(0);
    expect(answers).toEqual([quiet]);
    expect(told()).toContain("debug no configuration change detected");
  });

  test("that was too long to be read is handed on as such, and is a failed check", async () => {
    platform = () => ({ kind: "badAnswer", message: "it is longer", tooLong: true });
    checkIn.start(PLAN);
    await clock.advance(0);
    expect(answers).toEqual(["tooLong"]);
    expect(told()).toContain("error Periodic config check failed: it is longer");
  });
});

test("another interval or address begins anew, the same one doesn't", async () => {
  checkIn.start(PLAN);
  await clock.advance(0);
  checkIn.start({ ...PLAN });
  await clock.advance(0);
  expect(posted).toHaveLength(1);
  checkIn.start({ ...PLAN, intervalMs: 5_000 });
  await clock.advance(10_000);
  expect(posted).toHaveLength(4);
  expect(lines.filter(({ message }) => message === "config update checker started")).toHaveLength(2);
});

test("after stop nothing is sent", async () => {
  checkIn.start(PLAN);
  await clock.advance(0);
  await checkIn.stop();
  await clock.advance(600_000);
  expect(posted).toHaveLength(1);
  expect(clock.pending).toBe(0);
});
