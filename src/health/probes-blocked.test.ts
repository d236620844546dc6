import { describe, expect, it } from "@jest/globals";
import { nodeOfFleet, pod, probe, running } from "../../test/fleet/observations.ts";
import type { NodeObservation, ProbeOutcome } from "./observation.ts";
import { probesBlocked } from "./probes-blocked.ts";

function of(index: number, outcome: ProbeOutcome, misses: number, ready = true): NodeObservation {
  const uid = `pod-${index}`;
  return nodeOfFleet(index, { pod: pod({ uid, ready }), probe: probe(outcome, { podUid: uid, misses }) });
}

const silent = (index: number, misses = 3, ready = true) => of(index, { kind: "timeout" }, misses, ready);
const hit = (index: number) => of(index, { kind: "ok", upSince: null }, 0);

describe("whether the network keeps the operator from all agents", () => {
  it.each<{ name: string; nodes: NodeObservation[]; blocked: boolean }>([
    { name: "no: there are no nodes", nodes: [], blocked: false },
    { name: "no: all answer", nodes: [hit(1), hit(2)], blocked: false },
    { name: "no: one of three is silent", nodes: [hit(1), hit(2), silent(3)], blocked: false },
    {
      name: "no: one answers, if only with 503",
      nodes: [of(1, { kind: "status", code: 503 }, 3), silent(2), silent(3)],
      blocked: false,
    },
    { name: "yes: none answers and kubelet calls all ready", nodes: [silent(1), silent(2), silent(3)], blocked: true },
    {
      name: "yes: a firewall that refuses is as good as one that drops",
      nodes: [of(1, { kind: "refused" }, 3), of(2, { kind: "unreachable", detail: "" }, 3)],
      blocked: true,
    },
    { name: "no: the misses are too few to mean anything", nodes: [silent(1, 2), silent(2, 1)], blocked: false },
    {
      name: "yes: one reached the threshold, and the others are on their way",
      nodes: [silent(1, 3), silent(2, 2)],
      blocked: true,
    },
    {
      name: "yes: the only pod of a small cluster is silent and kubelet calls it ready",
      nodes: [silent(1)],
      blocked: true,
    },
    { name: "no: the only pod is silent and kubelet agrees", nodes: [silent(1, 3, false)], blocked: false },
    {
      name: "no: of two silent pods kubelet calls only one ready",
      nodes: [silent(1), silent(2, 3, false)],
      blocked: false,
    },
    {
      name: "no: nobody was asked yet",
      nodes: [nodeOfFleet(1, { probe: null }), nodeOfFleet(2, { probe: null })],
      blocked: false,
    },
    {
      name: "no: a single silent pod while the other hasn't been asked",
      nodes: [silent(1), nodeOfFleet(2, { probe: null })],
      blocked: false,
    },
    {
      name: "no: the answers are from before a crash",
      nodes: [
        nodeOfFleet(1, {
          pod: pod({ uid: "pod-1", container: running({ restarts: 1, startedAt: Number.MAX_SAFE_INTEGER }) }),
          probe: probe({ kind: "timeout" }),
        }),
      ],
      blocked: false,
    },
  ])("$name", ({ nodes, blocked }) => {
    expect(probesBlocked(nodes, 3)).toBe(blocked);
  });
});
