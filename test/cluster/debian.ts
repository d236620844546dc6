import { readFileSync } from "node:fs";
import { run } from "./command.ts";
import { sayOnStderr } from "./say.ts";
import type { Say } from "./say.ts";

/**
 * Debian's packages that the cluster is made of: container run time, network, and the commands that make and tell of them.
 * `crun` is not among them: it refuses machines with hybrid cgroups.
 */
const PACKAGES = [
  "buildah",
  "ca-certificates",
  "conntrack",
  "containerd",
  "containernetworking-plugins",
  "curl",
  "ethtool",
  "iproute2",
  "iptables",
  "mount",
  "net-tools",
  "openssl",
  "procps",
  "perl-base",
  "runc",
  "skopeo",
  "socat",
  "tar",
  "unzip",
  "util-linux",
] as const;

const INSTALL_TIMEOUT_MS = 10 * 60_000;

/**
 * Installs what is missing of Debian's packages; in milliseconds where nothing is.
 *
 * @throws Error that says what to do where this isn't Debian, or packages are missing and we aren't root.
 */
export async function ensureDebianPackages(signal: AbortSignal, say: Say = sayOnStderr): Promise<void> {
  const missing = missingPackages(readDpkgStatus(), PACKAGES);
  if (missing.length === 0) return;
  const command = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0) throw new Error(`Debian packages are missing; as root, run: ${command}`);
  say(`installing Debian packages: ${missing.join(", ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  // Waits for another apt instead of failing, and asks nothing about changed configuration files.
  const options = ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold"];
  await run(["apt-get", ...options, "update", "-q"], signal, { env, timeout: INSTALL_TIMEOUT_MS });
  await run(["apt-get", ...options, "install", "-q", "-y", "--no-install-recommends", ...missing], signal, {
    env,
    timeout: INSTALL_TIMEOUT_MS,
  });
}

/** Which of the packages dpkg's status file doesn't call installed. */
export function missingPackages(status: string, packages: readonly string[]): string[] {
  const installed = new Set<string>();
  for (const paragraph of status.split("\n\n")) {
    const name = /^Package: (\S+)$/m.exec(paragraph)?.[1];
    if (name !== undefined && /^Status: \S+ ok installed$/m.test(paragraph)) installed.add(name);
  }
  return packages.filter((name) => !installed.has(name));
}

function readDpkgStatus(): string {
  try {
    return readFileSync("/var/lib/dpkg/status", "utf8");
  } catch (cause) {
    throw new Error(
      `this isn't a Debian machine; the local cluster needs ${PACKAGES.join(", ")}, or use PROVIDER=kind or PROVIDER=kubeconfig`,
      { cause },
    );
  }
}
