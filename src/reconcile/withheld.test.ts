import { describe, expect, test } from "@jest/globals";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import type { KubeObject } from "../kube/resource.ts";
import { withheld } from "./withheld.ts";

type Condition = NonNullable<KmAgentStatus["conditions"]>[number];

const condition = (type: string, status: Condition["status"], reason: string): Condition =>
  ({ type, status, reason, message: `${reason} it is.`, lastTransitionTime: "2026-01-01T00:00:00Z" }) as Condition;
const owned = (uid: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: {
    name: "agent",
    ownerReferences: [{ apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", name: "agent", uid, controller: true }],
  },
});

function why(conditions: Condition[], daemonSet?: KubeObject, deleting = false): string {
  const live = new Map(daemonSet ? [["DaemonSet agent", daemonSet]] : []);
  return withheld({ ...snapshotOf(kmagentRecord({}, { deleting })), live }, { conditions });
}

describe("why there is no DaemonSet", () => {
  test.each<{ name: string; conditions: Condition[]; daemonSet?: KubeObject; deleting?: boolean; says: string }>([
    { name: "nothing is known yet", conditions: [], says: "" },
    {
      name: "the spec can't be used, which goes before a pause",
      conditions: [condition("Paused", "True", "Paused"), condition("ConfigValid", "False", "SecretNotFound")],
      says: "SecretNotFound: SecretNotFound it is.",
    },
    {
      name: "another's object has its name",
      conditions: [condition("Stalled", "True", "NameConflict")],
      daemonSet: owned("uid-of-another"),
      says: "NameConflict: NameConflict it is.",
    },
    {
      name: "it was deleted while a rollout stands still, and comes back",
      conditions: [condition("Stalled", "True", "RolloutFailed")],
      says: "",
    },
    {
      name: "it is paused",
      conditions: [condition("ConfigValid", "True", "Valid"), condition("Paused", "True", "Paused")],
      says: "Paused: Paused it is.",
    },
    { name: "the KmAgent goes", conditions: [], deleting: true, says: "the KmAgent is being deleted" },
    {
      name: "there is one",
      conditions: [condition("ConfigValid", "False", "InvalidConfig")],
      daemonSet: owned("uid-agent"),
      says: "",
    },
  ])("$name", ({ conditions, daemonSet, deleting, says }) => {
    expect(why(conditions, daemonSet, deleting)).toBe(says);
  });
});
