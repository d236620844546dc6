import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { eventually } from "../eventually.ts";
import type { Kubectl, KubernetesObject } from "../installation/kubectl.ts";

/** One version of an object, as a watch showed it. */
export interface Sighting<T> {
  readonly object: T;
  /** Whether this was the object's last version. */
  readonly deleted: boolean;
  /** When the watch showed it, in milliseconds since the epoch. */
  readonly at: number;
}

/** All versions that a watch has shown so far: what a status says for half a second isn't missed, as it would be by asking again and again. */
export interface Watch<T> {
  readonly seen: readonly Sighting<T>[];
  /** Waits for the first sighting at this time or later that `matches`. */
  first(
    what: string,
    sinceMs: number,
    matches: (sighting: Sighting<T>) => boolean,
    withinMs: number,
  ): Promise<Sighting<T>>;
  /** Ends the watch. */
  stop(): Promise<void>;
}

/** Watches as `kubectl get … --watch` does, from the versions that are there on. */
export function watchObjects<T = KubernetesObject>(
  kubectl: Kubectl,
  kubeconfigPath: string,
  args: readonly string[],
): Watch<T> {
  const command = ["--kubeconfig", kubeconfigPath, "get", ...args, "--watch", "--output-watch-events", "-o", "json"];
  const child = spawn(kubectl.path, command, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const seen: Sighting<T>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { type, object } = JSON.parse(line) as { type: string; object: T };
    seen.push({ object, deleted: type === "DELETED", at: Date.now() });
  });
  return {
    seen,
    first: async (what, sinceMs, matches, withinMs) =>
      await eventually(
        what,
        () => {
          if (child.exitCode !== null) throw new Error(`kubectl ${command.join(" ")} has ended`);
          return seen.find((sighting) => sighting.at >= sinceMs && matches(sighting));
        },
        { withinMs, everyMs: 100 },
      ),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
