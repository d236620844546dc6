import { describe, expect, it } from "@jest/globals";
import type { NodeReason } from "../api/reasons.ts";
import { ended, pod, running, waiting } from "../../test/fleet/observations.ts";
import { containerFault, terminationFault } from "./container-fault.ts";
import type { ContainerObservation, PodObservation, ProbeOutcome, Termination } from "./observation.ts";
import { isProbeReason, probeFault } from "./probe-fault.ts";
import { admissionFault, schedulingFault } from "./scheduling-fault.ts";

describe("what kubelet says of a container", () => {
  it.each<{ name: string; container: ContainerObservation; reason: NodeReason | null }>([
    { name: "one that runs has no fault", container: running(), reason: null },
    { name: "one that is being made has no fault", container: waiting("ContainerCreating"), reason: null },
    ...["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"].map(
      (word) => ({
        name: `${word} is an image that can't be pulled`,
        container: waiting(word),
        reason: "ImagePullFailed" as const,
      }),
    ),
    ...["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PostStartHookError"].map(
      (word) => ({
        name: `${word} is a container that can't be created`,
        container: waiting(word),
        reason: "ContainerCreateFailed" as const,
      }),
    ),
    {
      name: "a start that the runtime refuses is no exit of the collector",
      container: { state: "terminated", restarts: 0, last: ended({ exitCode: 128, reason: "StartError" }) },
      reason: "ContainerCreateFailed",
    },
    {
      name: "a loop whose last run kubelet has forgotten is an exit",
      container: waiting("CrashLoopBackOff", { restarts: 3 }),
      reason: "CollectorExited",
    },
    {
      name: "an image that can't be pulled again goes before how the last run ended",
      container: waiting("ImagePullBackOff", { last: ended() }),
      reason: "ImagePullFailed",
    },
  ])("$name", ({ container, reason }) => {
    expect(containerFault(container)?.reason ?? null).toBe(reason);
  });

  it.each<{ name: string; run: Partial<Termination>; restarts: number; says: string }>([
    { name: "names the exit code", run: { exitCode: 2 }, restarts: 0, says: "the collector ended with exit code 2" },
    {
      name: "names the signal that kubelet gives",
      run: { exitCode: 137, signal: 9 },
      restarts: 0,
      says: "exit code 137 (SIGKILL)",
    },
    {
      name: "names the signal that a code over 128 means",
      run: { exitCode: 139 },
      restarts: 1,
      says: "exit code 139 (SIGSEGV), restarted once",
    },
    {
      name: "takes 255 for a code, not for a signal",
      run: { exitCode: 255 },
      restarts: 2,
      says: "exit code 255, restarted twice",
    },
    { name: "counts restarts", run: { exitCode: 0 }, restarts: 7, says: "exit code 0, restarted 7 times" },
  ])("$name", ({ run, restarts, says }) => {
    expect(terminationFault(ended(run), restarts).summary).toContain(says);
  });
});

describe("what keeps a pod from its node", () => {
  const unschedulable = (words: string): PodObservation =>
    pod({ phase: "Pending", container: null, unschedulable: words });
  const failed = (reason: string): PodObservation => pod({ phase: "Failed", container: null, reason });

  it.each<{ name: string; words: string; reason: NodeReason | null }>([
    { name: "nothing, while the scheduler is silent", words: "", reason: null },
    { name: "too little CPU", words: "0/3 nodes are available: 1 Insufficient cpu.", reason: "InsufficientResources" },
    { name: "too many pods", words: "0/3 nodes are available: 1 Too many pods.", reason: "InsufficientResources" },
    {
      name: "a taint",
      words: "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db}.",
      reason: "TaintNotTolerated",
    },
    {
      name: "a port goes before a lack of room, for more room wouldn't help",
      words:
        "0/1 nodes are available: 1 Insufficient cpu, 1 node(s) didn't have free ports for the requested pod ports.",
      reason: "PortConflict",
    },
    { name: "something else", words: "0/1 nodes are available: 1 node(s) were hiding.", reason: "Unschedulable" },
  ])("the scheduler: $name", ({ words, reason }) => {
    expect(schedulingFault(unschedulable(words))?.reason ?? null).toBe(reason);
  });

  it.each<{ name: string; pod: PodObservation; reason: NodeReason | null }>([
    { name: "OutOfmemory", pod: failed("OutOfmemory"), reason: "InsufficientResources" },
    { name: "OutOfpods", pod: failed("OutOfpods"), reason: "InsufficientResources" },
    { name: "NodePorts", pod: failed("NodePorts"), reason: "PortConflict" },
    { name: "nothing for an eviction, which came after the start", pod: failed("Evicted"), reason: null },
    {
      name: "nothing for a pod whose container has run",
      pod: { ...failed("OutOfcpu"), container: running() },
      reason: null,
    },
  ])("kubelet's admission: $name", ({ pod: turnedAway, reason }) => {
    expect(admissionFault(turnedAway)?.reason ?? null).toBe(reason);
  });
});

describe("what a missed probe finds", () => {
  // By kind, so that the compiler asks for each that is added.
  const missed: Readonly<Record<Exclude<ProbeOutcome["kind"], "ok">, ProbeOutcome>> = {
    status: { kind: "status", code: 503 },
    redirect: { kind: "redirect", code: 302 },
    timeout: { kind: "timeout" },
    refused: { kind: "refused" },
    unreachable: { kind: "unreachable", detail: "" },
    tooLarge: { kind: "tooLarge" },
    garbage: { kind: "garbage", detail: "" },
  };

  it.each(Object.values(missed))("is known as a probe's by a new leader: $kind", (outcome) => {
    const reason = probeFault(outcome)?.reason;
    expect(reason !== undefined && isProbeReason(reason)).toBe(true);
  });

  it("is nothing that kubelet finds", () => {
    expect(isProbeReason("OOMKilled")).toBe(false);
  });
});
