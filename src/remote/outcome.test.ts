import { describe, expect, test } from "@jest/globals";
import { remoteOutcome } from "./outcome.ts";
import type { OutcomeFacts } from "./outcome.ts";
import { NO_RECORD } from "./record.ts";
import type { RemoteRecord } from "./record.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
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
    dueAt: null,
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
      of: [facts({ ...ACCEPTED, waiting: { hash: "cc", text: "" }, heard: "cc" }, { dueAt: NOW })],
      kind: "waiting",
      message:
        "Configuration cc of the node agents waits for platform.remoteConfig.minInterval until 2026-01-01T00:00:00Z.",
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
      name: "that the spec goes before it",
      of: [facts(ACCEPTED, { overridden: true })],
      kind: "overridden",
      message: "spec.config.nodeAgent goes before the platform's configuration aa",
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
});
