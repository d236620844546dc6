import { totalmem } from "node:os";

/** Six keep two cores busy: each waits most of the time for something in its cluster. */
const MOST = 6;
/** What a cluster with its collectors, and the worker itself, take at most; some 1.7 GiB were seen. */
const BYTES_OF_ONE = 2.5 * 2 ** 30;

/** How many files of tests are at work at once, each in a cluster of its own; a cluster that somebody brings is one. */
export const WORKERS =
  (process.env["PROVIDER"] ?? "local") === "local"
    ? Math.max(1, Math.min(MOST, Math.floor(totalmem() / BYTES_OF_ONE)))
    : 1;

/** The `KM_CLUSTER` of a worker, from 1 on: the first one's is the one that was asked for. */
export function clusterOfWorker(asked: string, worker: number): string {
  return worker === 1 ? asked : `${asked}-${worker}`;
}
