import { execFileSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { run } from "./command.ts";

/** How a registry is to run. */
export interface RegistrySettings {
  /** `host:port` that it listens on. */
  readonly address: string;
  readonly dataDir: string;
  /** Where given, every request needs a user of this file ({@link htpasswd}). */
  readonly htpasswdFile?: string;
}

/** A user of a registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Where an image went. */
export interface PushedImage {
  /** `host/repository:tag` */
  readonly reference: string;
  /** `sha256:…` of its manifest. */
  readonly digest: string;
}

const PUSH_TIMEOUT_MS = 2 * 60_000;

/** The configuration file for `registry serve FILE`: plain http, quiet, nothing that phones out. */
export function registryConfig(settings: RegistrySettings): string {
  return stringify({
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: settings.dataDir }, delete: { enabled: true } },
    // Unfinished uploads are signed with it: they needn't outlive a restart.
    http: { addr: settings.address, secret: randomBytes(16).toString("hex") },
    ...(settings.htpasswdFile !== undefined && {
      auth: { htpasswd: { realm: "kmagent-test", path: settings.htpasswdFile } },
    }),
  });
}

/** A line of an htpasswd file. The registry takes bcrypt alone, which Perl, always there on Debian, has from the C library. */
export function htpasswd(username: string, password: string): string {
  const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const salt = Array.from({ length: 22 }, () => alphabet.charAt(randomInt(alphabet.length))).join("");
  // The last character holds two bits only: one that sets more is refused.
  const settings = `$2b$05$${salt.slice(0, 21)}.`;
  const script = 'my ($password, $settings) = split /\\n/, join("", <STDIN>); print crypt($password, $settings)';
  const hash = execFileSync("perl", ["-e", script], { input: `${password}\n${settings}\n`, encoding: "utf8" });
  if (!hash.startsWith("$2b$05$")) throw new Error("this machine's C library has no bcrypt");
  return `${username}:${hash}\n`;
}

/**
 * Pushes an OCI layout's one image to a registry over plain http. What the registry has already isn't sent again.
 *
 * @throws Error with the registry's complaint.
 */
export async function push(
  layout: string,
  reference: string,
  signal: AbortSignal,
  credentials?: Credentials,
): Promise<PushedImage> {
  const directory = mkdtempSync(join(tmpdir(), "kmagent-push-"));
  try {
    const digestFile = join(directory, "digest");
    const flags = ["--insecure-policy", "--dest-tls-verify=false", "--digestfile", digestFile];
    if (credentials !== undefined) {
      // In a file, for every user of the machine can read a command line.
      const authFile = join(directory, "auth.json");
      const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
      const host = reference.slice(0, reference.indexOf("/"));
      writeFileSync(authFile, JSON.stringify({ auths: { [host]: { auth } } }), { mode: 0o600 });
      flags.push("--authfile", authFile);
    }
    await run(["skopeo", "copy", ...flags, `oci:${layout}:image`, `docker://${reference}`], signal, {
      timeout: PUSH_TIMEOUT_MS,
    });
    return { reference, digest: readFileSync(digestFile, "utf8").trim() };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
