import { describe, expect, test } from "@jest/globals";
import { ObjectStore } from "../kube/store.ts";
import { createLog } from "../telemetry/log.ts";
import { logAgentPods } from "./agent-pods-log.ts";
import { createIntern, projectPod } from "./project.ts";
import type { PodRecord } from "./project.ts";

const intern = createIntern();
const LABELS = { "app.kubernetes.io/instance": "agent", "app.kubernetes.io/component": "node-agent" };
const DELETED = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const NEW = { phase: "Pending" };
const CREATING = { phase: "Pending", containerStatuses: [{ name: "km-agent", state: { waiting: {} } }] };
const RUNNING = { phase: "Running", containerStatuses: [{ name: "km-agent", state: { running: {} } }] };
const ended = (exitCode: number) => ({
  phase: exitCode === 0 ? "Succeeded" : "Failed",
  containerStatuses: [{ name: "km-agent", state: { terminated: { exitCode } } }],
});
/** Kubelet makes it anew again and again, for it ends with exit code 0 by itself. */
const LOOPING = {
  phase: "Running",
  containerStatuses: [{ name: "km-agent", state: { waiting: {} }, lastState: { terminated: { exitCode: 0 } } }],
};
const START = "info agent start sequence initiated";
const END = "info collector run loop exited normally";

type SetPod = (name: string, status: object | undefined, metadata?: object) => void;

function world(found: (pod: SetPod) => void = () => undefined) {
  const pods = new ObjectStore<PodRecord>();
  const signal = new AbortController();
  const lines: { readonly level: string; readonly msg: string }[] = [];
  let version = 0;
  const pod: SetPod = (name, status, metadata = {}) => {
    const resourceVersion = String(++version);
    const ownerReferences = [{ kind: "DaemonSet", name: "agent", uid: "ds", controller: true }];
    const raw = {
      metadata: { name, namespace: "km", uid: name, labels: LABELS, ownerReferences, ...metadata },
      spec: { nodeName: "n" },
      status,
    };
    const entry = status && { uid: name, resourceVersion, value: projectPod(raw, intern) };
    pods.set(`km/${name}`, entry, resourceVersion);
  };
  found(pod);
  const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  logAgentPods(pods, createLog({ level: "debug", mask: (text) => text, write }), signal.signal);
  return { pod, end: () => signal.abort(), lines, told: () => lines.map(({ level, msg }) => `${level} ${msg}`) };
}

describe("of an agent's pod the log tells", () => {
  test.each<{ name: string; happens: (pod: SetPod) => void; told: readonly string[] }>([
    {
      name: "its start, once",
      happens: (pod) => [NEW, CREATING, RUNNING].forEach((status) => pod("a", status)),
      told: [START],
    },
    {
      name: "its end when it was told to end, and the start of the next one",
      happens: (pod) => {
        pod("a", NEW);
        pod("a", RUNNING);
        pod("a", RUNNING, DELETED);
        pod("b", NEW);
        pod("a", ended(0), DELETED);
        pod("a", undefined);
      },
      told: [START, START, END],
    },
    {
      name: "no orderly end where it had to be killed",
      happens: (pod) => {
        pod("a", NEW);
        pod("a", RUNNING);
        pod("a", RUNNING, DELETED);
        pod("a", ended(137), DELETED);
      },
      told: [START],
    },
    {
      name: "no orderly end where it ended by itself, deleted later or not",
      happens: (pod) => {
        pod("a", NEW);
        pod("a", RUNNING);
        pod("a", ended(0));
        pod("a", ended(0), DELETED);
        pod("b", NEW);
        pod("b", RUNNING);
        pod("b", LOOPING);
        pod("b", LOOPING, DELETED);
        pod("b", ended(0), DELETED);
      },
      told: [START, START],
    },
    {
      name: "nothing where it comes back into sight: somebody gave it its label again",
      happens: (pod) => {
        pod("a", NEW);
        pod("a", RUNNING);
        pod("a", undefined);
        pod("a", RUNNING);
      },
      told: [START],
    },
  ])("$name", ({ happens, told }) => {
    const log = world();
    happens(log.pod);
    expect(log.told()).toEqual(told);
  });

  test("which node, pod and KmAgent it is of", () => {
    const { pod, lines } = world();
    pod("a", NEW);
    expect(lines).toMatchObject([{ kmagent: "km/agent", node: "n", pod: "a" }]);
  });

  test("no start of before it began, but an orderly end after it", () => {
    const { pod, told } = world((pod) => {
      pod("a", NEW);
      pod("b", RUNNING, DELETED);
    });
    pod("a", RUNNING);
    pod("b", ended(0), DELETED);
    expect(told()).toEqual([END]);
  });
});

test.each([
  ["the cluster agent's", { labels: { ...LABELS, "app.kubernetes.io/component": "cluster-agent" } }],
  ["somebody's that wears our labels", { ownerReferences: [] }],
])("the log tells nothing of %s", (_, metadata) => {
  const { pod, told } = world();
  pod("a", NEW, metadata);
  pod("a", RUNNING, { ...metadata, ...DELETED });
  pod("a", ended(0), { ...metadata, ...DELETED });
  expect(told()).toEqual([]);
});

test("the log tells nothing after its end", () => {
  const { pod, end, told } = world();
  end();
  pod("a", NEW);
  expect(told()).toEqual([]);
});
