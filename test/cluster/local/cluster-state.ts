import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { nodeIndex } from "./network-plan.ts";
import { isAbsent } from "./process.ts";

/** What a cluster remembers of itself between programs; whether its processes run is asked of the kernel, not of this. */
const clusterState = z.object({
  version: z.literal(1),
  /** Second octet of its addresses. */
  slot: z.int().min(100).max(199),
  /** `starting` until the first time that everything was ready: a cluster that is found so was interrupted, and is torn down. */
  phase: z.enum(["starting", "up"]),
  /** Flags given to the API server beyond ours. */
  apiServerFlags: z.array(z.string()),
});
/** See {@link clusterState}. */
export type ClusterState = z.infer<typeof clusterState>;

/** The remembered state; undefined where there is none, or none that can be read (which the leftovers' search then deals with). */
export function readState(directory: string): ClusterState | undefined {
  try {
    return clusterState.parse(JSON.parse(readFileSync(join(directory, "cluster.json"), "utf8")));
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** Replaces the remembered state, whole or not at all. */
export function writeState(directory: string, state: ClusterState): void {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "cluster.json");
  writeFileSync(`${path}.new`, JSON.stringify(state, null, 2));
  renameSync(`${path}.new`, path);
}

/** Directory of one node's files. */
export function nodeDirectory(directory: string, name: string): string {
  return join(directory, "nodes", name);
}

/** Indices of the nodes that were made, ascending. */
export function nodeIndices(directory: string): number[] {
  try {
    return readdirSync(join(directory, "nodes"))
      .map(nodeIndex)
      .filter((index) => index !== undefined)
      .sort((a, b) => a - b);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
