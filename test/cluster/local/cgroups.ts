import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { isAbsent } from "./process.ts";

const ROOT = "/sys/fs/cgroup";

/** Directories of a cgroup in every hierarchy that has it: one in version 2, one for each controller in version 1. */
function hierarchies(cgroup: string): string[] {
  return [ROOT, ...entries(ROOT).map((name) => join(ROOT, name))]
    .map((hierarchy) => join(hierarchy, cgroup))
    .filter((path) => existsSync(path));
}

/** All of a cgroup's directories that exist, parents before children. */
export function cgroupDirectories(cgroup: string): string[] {
  return hierarchies(cgroup).flatMap(withDescendants);
}

/** Ids of the processes in a cgroup and below, as the machine counts. */
export function cgroupProcesses(cgroup: string): number[] {
  const ids = cgroupDirectories(cgroup).flatMap((directory) =>
    (read(join(directory, "cgroup.procs")) ?? "").split("\n").filter((line) => line !== ""),
  );
  return [...new Set(ids)].map(Number);
}

/** Removes a cgroup whose processes are gone, with all below it; says whether it could, for the kernel may need a moment after the last of them. */
export function removeCgroup(cgroup: string): boolean {
  for (const directory of cgroupDirectories(cgroup).reverse()) {
    try {
      rmdirSync(directory);
    } catch (error) {
      // A hierarchy that is mounted twice (cpu and cpu,cpuacct) shows the same directory under two names.
      if (!isAbsent(error) && (error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
    }
  }
  return cgroupDirectories(cgroup).length === 0;
}

function withDescendants(directory: string): string[] {
  return [directory, ...entries(directory).flatMap((name) => withDescendants(join(directory, name)))];
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // A cgroup may end between the listing and the look; version 2 answers EOPNOTSUPP for threaded ones.
    if (
      isAbsent(error) ||
      (error as NodeJS.ErrnoException).code === "ENODEV" ||
      (error as NodeJS.ErrnoException).code === "EOPNOTSUPP"
    )
      return undefined;
    throw error;
  }
}
