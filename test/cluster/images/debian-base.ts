import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../command.ts";

/** Files of this machine that a directory needs to be a base for dynamically linked programs, by their path in it. */
export type BaseFiles = ReadonlyMap<string, string>;

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** Who is who in the image: numbers work without, but programs that ask for a name should get one. */
const PASSWD = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n";
const GROUP = "root:x:0:\nnonroot:x:65532:\n";

/**
 * The shared libraries that a program needs, from Debian's packages on this machine, and the root certificates: what a
 * small base image such as distroless/cc holds.
 *
 * @throws Error where one of the libraries isn't installed.
 */
export async function baseFilesFor(program: string, signal: AbortSignal): Promise<BaseFiles> {
  const { stdout } = await run(["ldd", program], signal);
  return new Map([
    ...librariesIn(stdout).map((path) => [path, realpathSync(path)] as const),
    [CERTIFICATES, CERTIFICATES],
  ]);
}

/** The paths in the output of ldd. The loader itself stands at a line's start. */
export function librariesIn(ldd: string): string[] {
  const missing = /^\s*(\S+) => not found$/m.exec(ldd)?.[1];
  if (missing !== undefined) throw new Error(`${missing} isn't installed`);
  return [...ldd.matchAll(/(?:=>|^)\s*(\/\S+) \(0x/gm)].map(([, path = ""]) => path).sort();
}

/** Fills a directory with the files and a Containerfile that makes a base image of them. */
export function writeBase(files: BaseFiles, directory: string): void {
  const root = join(directory, "rootfs");
  for (const [path, source] of files) copyInto(root, path, source);
  mkdirSync(join(root, "tmp"), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(join(root, "etc", "passwd"), PASSWD);
  writeFileSync(join(root, "etc", "group"), GROUP);
  writeFileSync(join(root, "etc", "nsswitch.conf"), "hosts: files dns\n");
  writeContainerfile(directory);
}

/** Fills a directory with one program at a path, and a Containerfile that makes an image of it. */
export function writeProgramBase(program: string, path: string, directory: string): void {
  copyInto(join(directory, "rootfs"), path, program);
  writeContainerfile(directory);
}

/** What of a base differs between machines, for its cache key. */
export function baseParts(files: BaseFiles): (string | Uint8Array)[] {
  return [...files].flatMap(([path, source]) => [path, existsSync(source) ? readFileSync(source) : ""]);
}

function copyInto(root: string, path: string, source: string): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
}

function writeContainerfile(directory: string): void {
  writeFileSync(join(directory, "Containerfile"), "FROM scratch\nCOPY rootfs /\n");
}
