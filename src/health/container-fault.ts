import { fault } from "./fault.ts";
import type { Fault } from "./fault.ts";
import type { ContainerObservation, Termination } from "./observation.ts";

/** Kubelet's waiting reasons that mean that the image can't be had (`pkg/kubelet/images` of Kubernetes). */
const IMAGE_REASONS: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
]);

/** Kubelet's reasons, waiting or terminated, that mean that the container never came to life. */
const CREATE_REASONS: ReadonlySet<string> = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "PreStartHookError",
  "PostStartHookError",
  "CreatePodSandboxError",
  "ConfigPodSandboxError",
  "StartError",
  "ContainerCannotRun",
]);

/**
 * What kubelet says is wrong with the container: it ended, it loops, it can't be created. `null` while it runs or is being
 * made; a container that runs again after an end is judged by `terminationFault` of its last run.
 */
export function containerFault(container: ContainerObservation): Fault | null {
  switch (container.state) {
    case "running":
      return null;
    case "terminated":
      return terminationFault(container.last, container.restarts);
    case "waiting":
      return waitingFault(container.reason, container.message, container.last, container.restarts);
    default:
      return container satisfies never;
  }
}

function waitingFault(reason: string, message: string, last: Termination | null, restarts: number): Fault | null {
  if (IMAGE_REASONS.has(reason)) return fault("ImagePullFailed", `the image can't be pulled (${reason})`, message);
  if (CREATE_REASONS.has(reason))
    return fault("ContainerCreateFailed", `the container can't be created (${reason})`, message);
  if (last !== null) return terminationFault(last, restarts);
  // Kubelet has lost the last run's status, which happens after its own restart.
  if (reason === "CrashLoopBackOff") return fault("CollectorExited", `the collector ended ${times(restarts)}`, message);
  return null;
}

/** How a run of the collector ended. Exit code 0 is an error too: a collector has no reason to end by itself. */
export function terminationFault(ended: Termination, restarts: number): Fault {
  const again = restarts > 0 ? `, restarted ${times(restarts)}` : "";
  if (ended.reason === "OOMKilled") {
    return fault("OOMKilled", `the collector used more memory than its limit and was killed${again}`, ended.message);
  }
  if (CREATE_REASONS.has(ended.reason)) {
    return fault(
      "ContainerCreateFailed",
      `the container can't be started (${ended.reason}, exit code ${ended.exitCode})`,
      ended.message,
    );
  }
  if (ended.exitCode === 0) {
    return fault("CollectorExitedCleanly", `the collector ended with exit code 0${again}`, ended.message);
  }
  return fault("CollectorExited", `the collector ended with ${exitText(ended)}${again}`, ended.message);
}

const SIGNALS: Readonly<Record<number, string>> = { 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM" };

/** `exit code 1`, or with the signal that shells and kubelet fold into codes over 128. */
function exitText({ exitCode, signal }: Termination): string {
  const number = signal ?? (exitCode > 128 && exitCode < 160 ? exitCode - 128 : null);
  if (number === null || number === 0) return `exit code ${exitCode}`;
  return `exit code ${exitCode} (${SIGNALS[number] ?? `signal ${number}`})`;
}

function times(count: number): string {
  if (count <= 1) return "once";
  return count === 2 ? "twice" : `${count} times`;
}
