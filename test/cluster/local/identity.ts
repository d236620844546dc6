import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";

/** Which cluster of this machine is meant. Everything that could collide with another checkout's cluster is named after it. */
export interface ClusterIdentity {
  /** Six hexadecimal digits: short enough for a network interface's name (15 characters at most). */
  readonly id: string;
  /** Directory of everything that this cluster writes: `${XDG_STATE_HOME:-~/.local/state}/kmagent-operator/<id>`. */
  readonly stateDirectory: string;
  /** Name of the bridge, and prefix of the names of all other interfaces. */
  readonly bridge: string;
  /** Name of the cgroup, below the root of each hierarchy, that holds all containers of the cluster. */
  readonly cgroup: string;
  /** The second octet of the cluster's 10.x.0.0/16 that is tried first, from 100 to 199. */
  readonly preferredSlot: number;
}

/** What the identity reads of the environment. */
export interface IdentityEnvironment {
  readonly KM_CLUSTER?: string | undefined;
  readonly XDG_STATE_HOME?: string | undefined;
}

const SLOTS = 100;
const FIRST_SLOT = 100;

/**
 * The identity of a checkout's cluster; `KM_CLUSTER` tells several clusters of one checkout apart.
 *
 * @param checkout absolute path of the checkout.
 */
export function clusterIdentity(checkout: string, environment: IdentityEnvironment): ClusterIdentity {
  const digest = createHash("sha256")
    .update(`${checkout}\0${environment.KM_CLUSTER ?? ""}`)
    .digest();
  const id = digest.toString("hex").slice(0, 6);
  // The XDG specification calls a relative path invalid, to be ignored.
  const xdg =
    environment.XDG_STATE_HOME?.startsWith("/") === true
      ? environment.XDG_STATE_HOME
      : join(homedir(), ".local", "state");
  return {
    id,
    stateDirectory: join(xdg, "kmagent-operator", id),
    bridge: `km${id}`,
    cgroup: `kmagent-${id}`,
    preferredSlot: FIRST_SLOT + (digest.readUInt32BE(8) % SLOTS),
  };
}

/** All slots in the order in which they are tried: the preferred one, then its successors, around the end. */
export function slotsInOrder(preferred: number): number[] {
  return Array.from({ length: SLOTS }, (_, step) => FIRST_SLOT + ((preferred - FIRST_SLOT + step) % SLOTS));
}
