/**
 * How many files of tests are at work at once, each in a cluster of its own; a cluster that somebody brings is one. Four keep two cores busy:
 * with five each file took a quarter longer, and the whole was no sooner done.
 */
export const WORKERS = (process.env["PROVIDER"] ?? "local") === "local" ? 4 : 1;

/** The `KM_CLUSTER` of a worker, from 1 on: the first one's is the one that was asked for. */
export function clusterOfWorker(asked: string, worker: number): string {
  return worker === 1 ? asked : `${asked}-${worker}`;
}
