import { QUALITY, rotated, RolloutCluster, SETTINGS } from "./cluster.ts";

/*
 * What may happen to a cluster while a rollout goes on, and how it comes to rest.
 */

const REVISIONS = Object.keys(QUALITY);
const FAULTS = ["dead", "dies", null] as const;
const revision = (index: number) => REVISIONS[index % REVISIONS.length] ?? "r0";

/** What may happen. The number chooses a node, a revision, a lag or the write after which the operator dies. */
const HAPPENINGS: readonly (readonly [weight: number, happen: (cluster: RolloutCluster, of: number) => void])[] = [
  [10, (cluster, of) => cluster.pass(of % 4)],
  [4, (cluster) => cluster.pass() && cluster.pass()],
  [3, (cluster, of) => cluster.pass(0, of % 3)],
  [1, (cluster) => cluster.crash()],
  [6, (cluster, of) => cluster.tick(1_000 * (1 + (of % 12)))],
  [2, (cluster, of) => cluster.tick(5_000 * (1 + (of % 12)))],
  [5, (cluster) => cluster.controller()],
  [5, (cluster, of) => cluster.kubelet(of % cluster.nodes.length)],
  [3, (cluster, of) => (cluster.wanted = revision(of))],
  [2, (cluster) => (cluster.wanted = rotated(cluster.wanted))],
  [1, (cluster, of) => cluster.setReady(of % cluster.nodes.length, of % 2 === 0)],
  [1, (cluster, of) => cluster.setBroken(of % cluster.nodes.length, FAULTS[of % 3] ?? null)],
  [1, (cluster, of) => cluster.deletePod(of % cluster.nodes.length)],
  [1, (cluster) => (cluster.nodes.length < 6 ? cluster.addNode() : undefined)],
  [1, (cluster, of) => (cluster.nodes.length > 2 ? cluster.removeNode(of % cluster.nodes.length) : undefined)],
  [1, (cluster, of) => (cluster.paused = of % 2 === 0)],
  [1, (cluster, of) => (cluster.retry = revision(of))],
  [1, (cluster, of) => (cluster.settings = { ...cluster.settings, autoRollback: of % 2 === 0 })],
  [
    1,
    (cluster, of) => (cluster.settings = { ...cluster.settings, canary: 1 + (of % 3), maxUnavailable: 1 + (of % 2) }),
  ],
  [1, (cluster, of) => (cluster.settings = { ...cluster.settings, bakeMs: 1_000 * (1 + (of % 3)) })],
  [1, (cluster, of) => (cluster.settings = { ...cluster.settings, approval: of % 2 === 0 ? "Manual" : "Automatic" })],
  [1, (cluster) => (cluster.status = undefined)],
];
/** One card for each weight of each happening. */
export const DECK = HAPPENINGS.flatMap(([weight, happen]) => Array.from({ length: weight }, () => happen));

/** Lets everything do its work until nothing is written any more. */
export function settle(cluster: RolloutCluster): void {
  let quiet = 0;
  for (let round = 0; round < 400 && quiet < 5; round++) {
    cluster.tick(16_000);
    cluster.controller();
    for (let index = 0; index < cluster.nodes.length; index++) cluster.kubelet(index);
    quiet = cluster.pass() ? 0 : quiet + 1;
  }
}

/** Four nodes, on which nothing was ever installed. */
export function bare(): RolloutCluster {
  return new RolloutCluster(4);
}

/** Four nodes with the first revision. */
export function installed(): RolloutCluster {
  const cluster = bare();
  cluster.pass();
  cluster.controller();
  cluster.tick(5_000);
  cluster.tick(SETTINGS.bakeMs);
  cluster.pass();
  cluster.pass();
  return cluster;
}

/** Ends all that hinders: nodes are up and sound, nothing is paused, and the last target is what is wanted. */
export function calm(cluster: RolloutCluster): void {
  cluster.paused = false;
  cluster.settings = SETTINGS;
  cluster.nodes.forEach((_, index) => {
    cluster.setReady(index, true);
    cluster.setBroken(index, null);
  });
}

/** Invariants that were broken on the way, and what isn't as it is to be now that the cluster has come to rest. */
export function unmet(cluster: RolloutCluster): string[] {
  const { phase, target, stable = "", template, rejected = [], inFlight = [] } = cluster.status ?? {};
  const rejection = rejected.find(({ revision }) => revision === cluster.wanted);
  const isTarget = [
    target === cluster.wanted,
    `its target is ${target ?? "none"}, and ${cluster.wanted} is wanted`,
  ] as const;
  const pods = new Set(Object.values(cluster.pods()));
  // The first revision ever isn't taken back: one that can't be proved stays, in the window or everywhere.
  if (stable === "" && !isGood(cluster.wanted)) {
    return [
      ...cluster.broken,
      ...otherwise([
        [phase === "Install", `an installation that can't be proved ended in phase ${phase ?? "none"}`],
        isTarget,
      ]),
    ];
  }
  const ends =
    rejection?.reason === "ApiKeyRejected"
      ? [isTarget, [phase === "Stalled", `a key that doesn't work ended in phase ${phase ?? "none"}`] as const]
      : ([
          [phase === (rejection ? "RolledBack" : "Complete"), `the rollout ended in phase ${phase ?? "none"}`],
          isTarget,
          [
            rejection !== undefined || stable === cluster.wanted,
            `${stable} is stable, and ${cluster.wanted} is wanted and not rejected`,
          ],
          [template === stable, `the template is ${template ?? "none"}, and ${stable} is stable`],
          [inFlight.length === 0, `${inFlight.length} pods are still being replaced`],
          [pods.size === 1 && pods.has(stable), `nodes run ${[...pods].join(", ")}, and ${stable} is stable`],
        ] as const);
  return [...cluster.broken, ...otherwise(ends)];
}

function otherwise(ends: readonly (readonly [holds: boolean, otherwise: string])[]): string[] {
  return ends.flatMap(([holds, said]) => (holds ? [] : [said]));
}

function isGood(wanted: string): boolean {
  return QUALITY[wanted] === "good";
}
