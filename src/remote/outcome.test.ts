import { describe, expect, test } from "@jest/globals";
import { remoteOutcome } from "./outcome.ts";
import type { OutcomeFacts } from "./outcome.ts";
import { NO_RECORD } from "./record.ts";
import type { RemoteRecord } from "./record.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const WAITING = { hash: "cc", text: "", since: NOW - 1_000 };
const ACCEPTED: RemoteRecord = { ...NO_RECORD, accepted: { hash: "aa", text: "x: 1\n", since: NOW }, heard: "aa" };
const REFUSED: RemoteRecord = {
  ...ACCEPTED,
  heard: "bb",
  refused: [{ hash: "bb", rule: "size", path: "exporters.x", message: "is too long", since: NOW }],
};

function facts(record: RemoteRecord, more: Partial<OutcomeFacts> = {}): OutcomeFacts {
  return {
    component: "node-agent",
    record,
    overridden: false,
    progress: { kind: "applied", reached: " on 2 of 3 nodes" },
    inForce: "Configuration aa stays in force.",
    wait: null,
    ...more,
  };
}

describe("what is said of the platform's last configuration", () => {
  test.each<{ name: string; of: readonly OutcomeFacts[]; kind: string; message: string }>([
    {
      name: "nothing, where none was sent",
      of: [facts(NO_RECORD)],
      kind: "none",
      message: "has sent no configuration",
    },
    {
      name: "on how many nodes it is in force",
      of: [facts(ACCEPTED)],
      kind: "applied",
      message: "is in force on 2 of 3 nodes.",
    },
    {
      name: "how far it is",
      of: [facts(ACCEPTED, { progress: { kind: "moving", reached: " on 1 of 3 nodes" } })],
      kind: "applying",
      message: "is being applied on 1 of 3 nodes.",
    },
    {
      name: "until when it waits",
      of: [facts({ ...ACCEPTED, waiting: WAITING, heard: "cc" }, { wait: { for: "interval", until: NOW } })],
      kind: "waiting",
      message:
        "Configuration cc of the node agents waits for platform.remoteConfig.minInterval until 2026-01-01T00:00:00Z.",
    },
    {
      name: "that it waits for something to go back to",
      of: [facts({ ...NO_RECORD, waiting: WAITING, heard: "cc" }, { wait: { for: "proof", until: NOW } })],
      kind: "waiting",
      message:
        "Configuration cc of the node agents waits for a first revision to be proved, to which it could be taken back, until 2026-01-01T00:00:00Z at most.",
    },
    {
      name: "rule and place of a refusal, and what stays",
      of: [facts(REFUSED)],
      kind: "refused",
      message:
        "Configuration bb of the node agents is refused by rule size: exporters.x: is too long. Configuration aa stays in force.",
    },
    {
      name: "after a rollback both what was taken back and what is in force",
      of: [
        facts(ACCEPTED, {
          progress: { kind: "rolledBack", why: "CollectorExited: n1: exit code 1" },
          inForce: "Configuration 00 stays in force.",
        }),
      ],
      kind: "rolledBack",
      message:
        "Configuration aa of the node agents was rolled back: CollectorExited: n1: exit code 1. Configuration 00 stays in force.",
    },
    {
      name: "of a failure that nobody takes back that it isn't taken back",
      of: [
        facts(ACCEPTED, {
          progress: { kind: "failed", why: "CollectorExited: n1: exit code 1" },
          inForce: "Configuration 00 stays in force.",
        }),
      ],
      kind: "failed",
      message:
        "Configuration aa of the node agents failed, and isn't taken back by itself: CollectorExited: n1: exit code 1. Elsewhere configuration 00 stays in force.",
    },
    {
      name: "that the spec goes before it",
      of: [facts(ACCEPTED, { overridden: true })],
      kind: "overridden",
      message: "spec.config.nodeAgent goes before the platform's configuration aa",
    },
    {
      name: "that the spec goes before one that waits, too",
      of: [
        facts(
          { ...ACCEPTED, waiting: WAITING, heard: "cc" },
          { overridden: true, wait: { for: "interval", until: NOW } },
        ),
        facts(NO_RECORD),
      ],
      kind: "overridden",
      message: "spec.config.nodeAgent goes before the platform's configuration cc",
    },
    {
      name: "of both components, the worse first",
      of: [facts(ACCEPTED), facts(REFUSED, { component: "cluster-agent" })],
      kind: "refused",
      message: "stays in force. Configuration aa of the node agents is in force",
    },
    {
      name: "that the earlier one counts again, once the platform has sent it again after a refused one",
      of: [facts({ ...REFUSED, heard: "aa" })],
      kind: "applied",
      message: "Configuration aa",
    },
  ])("$name", ({ of, kind, message }) => {
    const outcome = remoteOutcome(of);
    expect(outcome.kind).toBe(kind);
    expect(outcome.message).toContain(message);
    expect(outcome.last === null).toBe(kind === "none");
  });

  test("is of both components' configurations, so that another one of either is other news", () => {
    const cluster = (hash: string) =>
      facts({ ...ACCEPTED, accepted: { hash, text: "", since: NOW }, heard: hash }, { component: "cluster-agent" });
    expect(remoteOutcome([facts(ACCEPTED), cluster("xx")]).told).toEqual([
      { hash: "aa", since: NOW },
      { hash: "xx", since: NOW },
    ]);
    expect(remoteOutcome([facts(NO_RECORD), cluster("yy")]).told).toEqual([{ hash: "yy", since: NOW }]);
  });

  test("is dated from when it waits, also where none counted before", () => {
    const record = { ...NO_RECORD, waiting: WAITING, heard: "cc" };
    expect(remoteOutcome([facts(record, { wait: { for: "interval", until: NOW } })]).last).toMatchObject({
      hash: "cc",
      since: WAITING.since,
    });
  });
});
