import { followExports } from "../health/export-health.ts";
import type { ExportTrack } from "../health/export-health.ts";
import type { CounterReading } from "../health/counter-reading.ts";
import type { ExportObservation } from "../health/observation.ts";

/** Readings in a row that fail before what was known counts no more. */
const MISSES = 2;

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
  readonly #known = new Map<string, Fleet>();

  /** Takes a reading of a pod; `null` for one that failed. */
  follow(kmagent: string, podUid: string, reading: CounterReading | null): Followed {
    const fleet = this.#known.get(kmagent) ?? {
      tracks: new Map<string, ExportTrack>(),
      misses: new Map<string, number>(),
    };
    this.#known.set(kmagent, fleet);
    if (reading === null) return missed(fleet, podUid);
    const before = fleet.tracks.get(podUid);
    const after = followExports(before ?? null, reading);
    fleet.tracks.set(podUid, after);
    fleet.misses.delete(podUid);
    return { changed: before?.health !== after.health, open: after.open };
  }

  /** What is known of a KmAgent's pods, by UID: a live view. Those that couldn't be read are left out. */
  of(kmagent: string): ReadonlyMap<string, ExportObservation> {
    return this.#known.get(kmagent)?.tracks ?? NOTHING;
  }

  /** Forgets all pods of a KmAgent but these. */
  keep(kmagent: string, podUids: ReadonlySet<string>): void {
    const fleet = this.#known.get(kmagent);
    if (fleet === undefined) return;
    for (const pods of [fleet.tracks, fleet.misses]) {
      for (const podUid of [...pods.keys()]) if (!podUids.has(podUid)) pods.delete(podUid);
    }
  }

  /** Forgets a KmAgent. */
  forget(kmagent: string): void {
    this.#known.delete(kmagent);
  }
}

/** The pods of one KmAgent, by UID. */
interface Fleet {
  readonly tracks: Map<string, ExportTrack>;
  /** Readings in a row that failed, of those pods alone whose last one did. */
  readonly misses: Map<string, number>;
}

const NOTHING: ReadonlyMap<string, ExportTrack> = new Map();

function missed({ tracks, misses }: Fleet, podUid: string): Followed {
  const count = Math.min(MISSES, (misses.get(podUid) ?? 0) + 1);
  misses.set(podUid, count);
  return count < MISSES ? { changed: false, open: true } : { changed: tracks.delete(podUid), open: false };
}
