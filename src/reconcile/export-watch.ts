import { followExports } from "../health/export-health.ts";
import type { ExportTrack } from "../health/export-health.ts";
import type { CounterReading } from "../health/counter-reading.ts";
import type { ExportObservation } from "../health/observation.ts";

/** Readings in a row that fail before what was known counts no more. */
const MISSES = 2;

interface Pod {
  readonly track: ExportTrack | null;
  readonly misses: number;
  readonly observation: ExportObservation | null;
}

/** What a reading led to. */
interface Followed {
  /** Whether the verdict on the pod is another one. */
  readonly changed: boolean;
  /** Whether another reading soon would tell more. */
  readonly open: boolean;
}

/**
 * Keeps what is known of each pod's exports between readings: one small record a pod, by the UID of its KmAgent. What it
 * means is decided in `health/export-health.ts`.
 */
export class ExportWatch {
  readonly #known = new Map<string, Map<string, Pod>>();

  /** Takes a reading of a pod; `null` for one that failed. */
  follow(kmagent: string, podUid: string, reading: CounterReading | null): Followed {
    const pods = this.#known.get(kmagent) ?? new Map<string, Pod>();
    this.#known.set(kmagent, pods);
    const before = pods.get(podUid);
    const after = reading === null ? missed(before) : taken(before, podUid, reading);
    pods.set(podUid, after);
    return {
      changed: before?.observation?.health !== after.observation?.health,
      open: reading === null ? after.misses < MISSES : (after.track?.open ?? false),
    };
  }

  /** What is known of a KmAgent's pods, by UID: a live view. Those that couldn't be read are left out. */
  of(kmagent: string): ReadonlyMap<string, { readonly observation: ExportObservation | null }> {
    return this.#known.get(kmagent) ?? NOTHING;
  }

  /** Forgets all pods of a KmAgent but these. */
  keep(kmagent: string, podUids: ReadonlySet<string>): void {
    const pods = this.#known.get(kmagent);
    for (const podUid of [...(pods?.keys() ?? [])]) if (!podUids.has(podUid)) pods?.delete(podUid);
  }

  /** Forgets a KmAgent. */
  forget(kmagent: string): void {
    this.#known.delete(kmagent);
  }
}

const NOTHING: ReadonlyMap<string, Pod> = new Map();

function taken(before: Pod | undefined, podUid: string, reading: CounterReading): Pod {
  const track = followExports(before?.track ?? null, reading);
  return { track, misses: 0, observation: { podUid, at: track.at, health: track.health } };
}

function missed(before: Pod | undefined): Pod {
  const misses = Math.min(MISSES, (before?.misses ?? 0) + 1);
  return misses < MISSES && before ? { ...before, misses } : { track: null, misses, observation: null };
}
