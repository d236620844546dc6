import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { FileAuth } from "@kubernetes/client-node/dist/file_auth.js";
import type { Authenticator } from "@kubernetes/client-node/dist/auth.js";
import type { User } from "@kubernetes/client-node/dist/config_types.js";
import type { Clock } from "../api/clock.ts";
import { KmError } from "../api/errors.ts";
import type { Impersonation, Kubeconfig } from "./kubeconfig.ts";

/** How long files and plugins aren't asked again. A rotated token stays valid for minutes beside its successor. */
const REMEMBER_MS = 10_000;
const PLUGIN_TIMEOUT_MS = 60_000;

/** What TLS needs to know: a change of any of it needs new connections. */
export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** What a request carries to be known by. `tlsHash` changes exactly when `tls` does. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly tls: TlsOptions;
  readonly tlsHash: string;
}

/**
 * The credentials of one kubeconfig: CA and client certificate from data or file, and a token, static, from a file that
 * rotates, or from an exec plugin (client-node's authenticators). All of it is remembered for some seconds, so that a
 * request costs no file access, and forgotten when the API server answers 401.
 */
export class CredentialSource {
  readonly #kubeconfig: Kubeconfig;
  readonly #clock: Clock;
  #authenticator: Authenticator | undefined;
  #known: { readonly credentials: Promise<Credentials>; readonly until: number } | undefined;

  constructor(kubeconfig: Kubeconfig, clock: Clock) {
    this.#kubeconfig = kubeconfig;
    this.#clock = clock;
    this.#authenticator = authenticatorOf(kubeconfig.user);
  }

  /** The credentials to use now; throws `Unauthorized` where a file can't be read or a plugin fails. */
  async get(): Promise<Credentials> {
    const now = this.#clock.now();
    if (this.#known && now < this.#known.until) return this.#known.credentials;
    const credentials = this.#read();
    const known = { credentials, until: now + REMEMBER_MS };
    this.#known = known;
    try {
      return await credentials;
    } catch (error) {
      if (this.#known === known) this.#known = undefined;
      throw error;
    }
  }

  /** After a 401: the next `get` asks files and plugin anew. False where there is nothing that could have changed. */
  forget(): boolean {
    const { user } = this.#kubeconfig;
    this.#known = undefined;
    // A new authenticator, for client-node's hold their token until it expires and can't be told otherwise.
    this.#authenticator = authenticatorOf(user);
    return this.#authenticator !== undefined || Boolean(user.certFile);
  }

  async #read(): Promise<Credentials> {
    const { cluster, user, impersonate } = this.#kubeconfig;
    const [ca, cert, key] = await Promise.all([
      bytes(cluster.caFile, cluster.caData),
      bytes(user.certFile, user.certData),
      bytes(user.keyFile, user.keyData),
    ]);
    const options: RequestOptions & { headers: Record<string, string> } = { headers: {} };
    await this.#authenticate(user, options);
    const tls: TlsOptions = {
      ...(ca && { ca }),
      ...pair("cert", options.cert, cert),
      ...pair("key", options.key, key),
      ...(cluster.tlsServerName !== undefined && { servername: cluster.tlsServerName }),
      ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
    };
    const bearer = user.token ? `Bearer ${user.token}` : options.headers["Authorization"];
    const basic = user.username
      ? `Basic ${Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64")}`
      : undefined;
    const authorization = (bearer ?? basic)?.trim();
    return {
      headers: { ...(authorization !== undefined && { authorization }), ...impersonationHeaders(impersonate) },
      tls,
      tlsHash: hashOf(tls),
    };
  }

  async #authenticate(user: User, options: RequestOptions): Promise<void> {
    if (!this.#authenticator || user.token) return;
    let cancel: () => void = () => undefined;
    const tooLong = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(PLUGIN_TIMEOUT_MS, () =>
        reject(new KmError("Unauthorized", "the kubeconfig's credential plugin gave no answer")),
      );
    });
    try {
      await Promise.race([this.#authenticator.applyAuthentication(user, options), tooLong]);
    } catch (cause) {
      if (cause instanceof KmError) throw cause;
      // The plugin's own words may hold what it was given; only the kind of failure is passed on.
      const kind = (cause as NodeJS.ErrnoException).code ?? "it failed";
      throw new KmError("Unauthorized", `can't get a token for user ${user.name} of the kubeconfig: ${kind}`);
    } finally {
      cancel();
    }
  }
}

function authenticatorOf(user: User): Authenticator | undefined {
  const config = withExecInfo(user);
  for (const candidate of [new ExecAuth(), new FileAuth()]) {
    // FileAuth answers with the path itself, not with a boolean.
    if (!candidate.isAuthProvider(config)) continue;
    return {
      isAuthProvider: () => true,
      applyAuthentication: (_, options) => candidate.applyAuthentication(config, options as RequestOptions),
    };
  }
  const provider = (user.authProvider as { name?: string } | null | undefined)?.name;
  if (provider !== undefined) {
    throw new KmError(
      "InvalidSpec",
      `auth-provider ${provider} isn't supported: use an exec plugin (client-go removed most of them in 1.26)`,
    );
  }
  return undefined;
}

/** Plugins are told by KUBERNETES_EXEC_INFO which version to speak; client-node leaves it out, and some then refuse. */
function withExecInfo(user: User): User {
  const exec = user.exec as { apiVersion?: string; env?: { name: string; value: string }[] | null } | null | undefined;
  if (!exec) return user;
  const info = {
    apiVersion: exec.apiVersion ?? "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: { interactive: false },
  };
  const env = [{ name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }, ...(exec.env ?? [])];
  return { ...user, exec: { ...exec, env } };
}

function impersonationHeaders(impersonate: Impersonation): Record<string, string | string[]> {
  const extra = Object.entries(impersonate.extra ?? {}).map(
    ([key, values]) => [`impersonate-extra-${encodeURIComponent(key)}`, [...values]] as const,
  );
  return {
    ...(impersonate.user !== undefined && { "impersonate-user": impersonate.user }),
    ...(impersonate.groups && impersonate.groups.length > 0 && { "impersonate-group": [...impersonate.groups] }),
    ...(impersonate.uid !== undefined && { "impersonate-uid": impersonate.uid }),
    ...Object.fromEntries(extra),
  };
}

async function bytes(file: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
  if (file) {
    try {
      return await readFile(file);
    } catch (cause) {
      throw new KmError(
        "Unauthorized",
        `can't read ${file}: ${(cause as NodeJS.ErrnoException).code ?? "unknown error"}`,
        { cause },
      );
    }
  }
  return data ? Buffer.from(data, "base64") : undefined;
}

/** The plugin's certificate and key (PEM text) win over the kubeconfig's. */
function pair(name: "cert" | "key", fromPlugin: unknown, fromConfig: Buffer | undefined): TlsOptions {
  const value = typeof fromPlugin === "string" ? Buffer.from(fromPlugin) : fromConfig;
  return value ? { [name]: value } : {};
}

function hashOf(tls: TlsOptions): string {
  const hash = createHash("sha256");
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)]) {
    hash.update(part ?? "-").update("\0");
  }
  return hash.digest("base64");
}
