import { setTimeout as delay } from "node:timers/promises";
import type { KubeClient } from "../../src/kube/client.ts";
import { eventually } from "../eventually.ts";
import { KMAGENTS_PATH } from "./fleet.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { median } from "./figures.ts";

/** Waits until the KmAgent's status counts this many healthy nodes and no others, of its newest generation. */
export async function waitHealthy(
  client: KubeClient,
  name: string,
  nodes: number,
  signal: AbortSignal,
  withinMs = 60_000,
): Promise<void> {
  let last = "";
  await eventually(
    `${nodes} nodes of ${name} are healthy`,
    async () => {
      const { body } = await client.request({ method: "GET", path: `${KMAGENTS_PATH}/${name}` }, signal);
      const { metadata, status } = body as {
        metadata: { generation: number };
        status?: { observedGeneration?: number; nodes?: { desired?: number; healthy?: number; updating?: number } };
      };
      last = JSON.stringify(status?.nodes);
      const { desired, healthy, updating = 0 } = status?.nodes ?? {};
      const all = desired === nodes && healthy === nodes && updating === 0;
      if (all && status?.observedGeneration === metadata.generation) return true;
      throw new Error(last);
    },
    { withinMs, everyMs: withinMs > 60_000 ? 1_000 : 50 },
  );
}

/** Resident memory in MiB once it has settled: the median of ten readings, one a second, after `settleMs`. */
export async function settledMemory(operator: OperatorProcess, settleMs: number, signal: AbortSignal) {
  await delay(settleMs, undefined, { signal });
  const readings: number[] = [];
  for (let i = 0; i < 10; i++) {
    readings.push(operator.memory().resident);
    await delay(1_000, undefined, { signal });
  }
  return { resident: median(readings), ...pick(operator) };
}

function pick(operator: OperatorProcess) {
  const { peak, files } = operator.memory();
  return { peak, files };
}

/** Waits until the operator leads, and so works. */
export async function waitLeading(operator: OperatorProcess): Promise<void> {
  await eventually(
    "the operator leads",
    async () => (/^kmagent_operator_leader 1$/m.test(await operator.metrics()) ? true : undefined),
    { withinMs: 60_000 },
  );
}
