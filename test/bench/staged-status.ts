import type { KubeClient } from "../../src/kube/client.ts";
import { eventually } from "../eventually.ts";
import { KMAGENTS_PATH } from "./fleet.ts";

/** Name of the KmAgent whose rollout is watched. */
export const NAME = "staged";
/** Longer than any step of a rollout takes on a busy machine. */
export const WITHIN_MS = 20 * 60_000;

/** As much of the status as the bench waits for. */
export interface Status {
  readonly nodes?: { readonly notReady?: number };
  readonly rollout?: {
    readonly phase?: string;
    readonly target?: string;
    readonly stable?: string;
    readonly inFlight?: readonly { readonly wasFailing?: boolean }[];
    readonly rejected?: readonly { readonly reason: string }[];
  };
}

/** Waits until the status is as wanted, and says when it was. */
export async function untilStatus(
  { client }: { readonly client: KubeClient },
  what: string,
  is: (status: Status) => boolean,
  signal: AbortSignal,
): Promise<{ readonly at: number; readonly status: Status }> {
  return await eventually(
    what,
    async () => {
      const { body } = await client.request({ method: "GET", path: `${KMAGENTS_PATH}/${NAME}` }, signal);
      const { status = {} } = body as { status?: Status };
      if (is(status)) return { at: performance.now(), status };
      const { nodes, rollout } = status;
      throw new Error(JSON.stringify({ nodes, rollout }).slice(0, 2_000));
    },
    { withinMs: WITHIN_MS, everyMs: 100 },
  );
}

/** Whether every node that can be moved is. */
export const isComplete = ({ rollout }: Status) => rollout?.phase === "Complete";
/** Whether the canary is being tried. */
export const isCanary = ({ rollout }: Status) => rollout?.phase === "Canary";
/** Whether the change was found to be bad. */
export const isGoingBack = ({ rollout }: Status) => rollout?.phase === "RollingBack" || rollout?.phase === "RolledBack";
