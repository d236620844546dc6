/**
 * What a node is, in one word.
 * - `healthy`: its agent runs and its collector answers.
 * - `unhealthy`: it has an agent that doesn't do its work.
 * - `updating`: its pod is being made or replaced.
 * - `starting`: the node itself is too young to be judged.
 * - `leaving`: the node is being drained or deleted.
 * - `notReady`: Kubernetes itself calls the node NotReady.
 * - `uncovered`: it should have an agent and has none.
 * - `excluded`: no agent is wanted there.
 */
export type NodeKind =
  "healthy" | "unhealthy" | "updating" | "starting" | "leaving" | "notReady" | "uncovered" | "excluded";

/** The kinds that last and are told of; the others pass by themselves or aren't the agent's. */
export type SettledKind = "healthy" | "unhealthy" | "notReady" | "uncovered";
