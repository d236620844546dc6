import type { Registry } from "./cluster.ts";

/** What a kubeconfig doesn't tell of a cluster, and tests that install something need. */
export interface Surroundings {
  /** Takes images from this machine and gives them to the nodes. */
  readonly registry: Registry | undefined;
  /** The same, with a password. */
  readonly privateRegistry: Registry | undefined;
  /** Address of this machine as pods see it. */
  readonly hostAddress: string | undefined;
}

/**
 * The surroundings that the environment names: `KM_REGISTRY` and `KM_PRIVATE_REGISTRY` as `host:port`, or with a password as
 * `user:password@host:port`; `KM_HOST_ADDRESS` as an IP address.
 *
 * @throws Error where a registry isn't of that form.
 */
export function surroundingsOf(environment: NodeJS.ProcessEnv): Surroundings {
  const hostAddress = environment["KM_HOST_ADDRESS"];
  return {
    registry: registryOf("KM_REGISTRY", environment),
    privateRegistry: registryOf("KM_PRIVATE_REGISTRY", environment),
    hostAddress: hostAddress === "" ? undefined : hostAddress,
  };
}

function registryOf(name: string, environment: NodeJS.ProcessEnv): Registry | undefined {
  const text = environment[name] ?? "";
  if (text === "") return undefined;
  const found = /^(?:(?<username>[^:@/\s]+):(?<password>[^@\s]+)@)?(?<host>[^@/\s]+)$/.exec(text)?.groups;
  // Not the text itself, which may hold a password.
  if (found?.["host"] === undefined) throw new Error(`${name} must be host:port or user:password@host:port`);
  const { host, username, password } = found;
  return { host, ...(username !== undefined && password !== undefined && { credentials: { username, password } }) };
}
