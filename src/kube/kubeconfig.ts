import { readFile } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, join } from "node:path";
// Deep imports, and not the package's entry: KubeConfig loads the models of the whole API (34 MB that nothing here uses).
import { newClusters, newContexts, newUsers } from "@kubernetes/client-node/dist/config_types.js";
import type { Cluster, Context, User } from "@kubernetes/client-node/dist/config_types.js";
import { loadAll } from "js-yaml";
import { KmError } from "../api/errors.ts";
import { isJsonObject } from "../api/json.ts";

/** Which API server to talk to, and as whom: one context of a kubeconfig, its files' paths absolute. */
export interface Kubeconfig {
  /** Base URL without a trailing slash, maybe with a path. */
  readonly server: string;
  readonly cluster: Cluster;
  readonly user: User;
  /** Groups, uid and extra to act as; client-node's own type knows only the user's name. */
  readonly impersonate: Impersonation;
  /** The context's namespace, or the service account's own. */
  readonly namespace: string | undefined;
}

/** Whom to act as (`as`, `as-groups`, `as-uid`, `as-user-extra` of a kubeconfig's user). */
export interface Impersonation {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Where to look for a kubeconfig: an explicit path wins, then `env.KUBECONFIG`, the pod's service account, `~/.kube/config`. */
export interface KubeconfigSource {
  readonly path?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The service account's directory; tests point it elsewhere. */
  readonly serviceAccountDir?: string;
}

const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Finds and reads the kubeconfig; throws `InvalidSpec` with a sentence that says what is missing. */
export async function loadKubeconfig(source: KubeconfigSource): Promise<Kubeconfig> {
  if (source.path !== undefined) return fromFiles([source.path]);
  const listed = (source.env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  if (listed.length > 0) return fromFiles(listed);
  if (source.env["KUBERNETES_SERVICE_HOST"] !== undefined) return inCluster(source);
  const home = source.env["HOME"];
  if (home !== undefined) return fromFiles([join(home, ".kube", "config")]);
  throw new KmError(
    "InvalidSpec",
    "no kubeconfig: not in a pod, and neither --kubeconfig nor KUBECONFIG nor HOME is set",
  );
}

async function inCluster(source: KubeconfigSource): Promise<Kubeconfig> {
  const directory = source.serviceAccountDir ?? SERVICE_ACCOUNT_DIR;
  const host = source.env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = source.env["KUBERNETES_SERVICE_PORT"] ?? "443";
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const tokenFile = join(directory, "token");
  return {
    server,
    cluster: { name: "in-cluster", server, caFile: join(directory, "ca.crt"), skipTLSVerify: false },
    user: { name: "service-account", authProvider: { name: "tokenFile", config: { tokenFile } } },
    impersonate: {},
    namespace: (await readText(join(directory, "namespace"))).trim(),
  };
}

interface Parsed {
  readonly clusters: Cluster[];
  readonly users: User[];
  readonly contexts: Context[];
  readonly impersonations: Map<string, Impersonation>;
  readonly current: string | undefined;
}

/** Merges several files as kubectl does: the first to name a thing wins. */
async function fromFiles(files: readonly string[]): Promise<Kubeconfig> {
  const all: Parsed[] = [];
  for (const file of files) all.push(parseKubeconfig(await readText(file), dirname(file), file));
  const currentName = all.find(({ current }) => current !== undefined)?.current;
  const named = <T extends { name: string }>(lists: T[][], name: string | undefined, what: string): T => {
    const found = lists.flat().find((entry) => entry.name === name);
    if (!found)
      throw new KmError("InvalidSpec", `kubeconfig ${files.join(", ")}: no ${what} named ${name ?? "(none chosen)"}`);
    return found;
  };
  const chosen = named(
    all.map(({ contexts }) => contexts),
    currentName,
    "context",
  );
  const cluster = named(
    all.map(({ clusters }) => clusters),
    chosen.cluster,
    "cluster",
  );
  const user: User = chosen.user
    ? named(
        all.map(({ users }) => users),
        chosen.user,
        "user",
      )
    : { name: "anonymous" };
  const impersonate = all
    .map(({ impersonations }) => impersonations.get(user.name))
    .find((found) => found !== undefined);
  return { server: cluster.server, cluster, user, impersonate: impersonate ?? {}, namespace: chosen.namespace };
}

/** Reads one kubeconfig's text; relative paths are taken from `directory`. */
function parseKubeconfig(text: string, directory: string, label: string): Parsed {
  let documents: unknown[];
  try {
    documents = loadAll(text, { maxAliases: 100 });
  } catch (cause) {
    // The parser's message may quote the file, which holds keys.
    throw new KmError("InvalidSpec", `kubeconfig ${label} is not valid YAML`, { cause: (cause as Error).name });
  }
  const [document, ...others] = documents;
  if (others.length > 0) throw new KmError("InvalidSpec", `kubeconfig ${label} holds more than one YAML document`);
  if (!isJsonObject(document)) throw new KmError("InvalidSpec", `kubeconfig ${label} is empty or no map`);
  const absolute = (file: string | null | undefined) =>
    file && !isAbsolute(file) ? join(directory, file) : (file ?? "");
  const rawUsers: unknown[] = Array.isArray(document["users"]) ? document["users"] : [];
  const impersonations = new Map<string, Impersonation>();
  // newUsers would read `tokenFile` at once and for ever: as an authProvider it is read again when it rotates.
  const tokenFiles = new Map<string, string>();
  for (const entry of rawUsers) {
    if (!isJsonObject(entry) || typeof entry["name"] !== "string" || !isJsonObject(entry["user"])) continue;
    const user = entry["user"];
    impersonations.set(entry["name"], impersonationOf(user));
    const tokenFile = user["tokenFile"] ?? user["token-file"];
    if (typeof tokenFile === "string" && user["token"] === undefined)
      tokenFiles.set(entry["name"], absolute(tokenFile));
    delete user["token-file"];
  }
  let clusters: Cluster[], users: User[], contexts: Context[];
  try {
    clusters = newClusters(document["clusters"]);
    users = newUsers(rawUsers);
    contexts = newContexts(document["contexts"]);
  } catch (cause) {
    throw new KmError("InvalidSpec", `kubeconfig ${label}: ${(cause as Error).message}`);
  }
  return {
    clusters: clusters.map((cluster) => ({ ...cluster, caFile: absolute(cluster.caFile) })),
    users: users.map((user) => {
      const tokenFile = tokenFiles.get(user.name);
      return {
        ...user,
        certFile: absolute(user.certFile),
        keyFile: absolute(user.keyFile),
        ...(tokenFile !== undefined && { authProvider: { name: "tokenFile", config: { tokenFile } } }),
      };
    }),
    contexts,
    impersonations,
    current: typeof document["current-context"] === "string" ? document["current-context"] : undefined,
  };
}

function impersonationOf(user: Record<string, unknown>): Impersonation {
  const strings = (value: unknown) =>
    Array.isArray(value) ? value.filter((item) => typeof item === "string") : undefined;
  const groups = strings(user["as-groups"]);
  const extra = user["as-user-extra"];
  return {
    ...(typeof user["as"] === "string" && { user: user["as"] }),
    ...(groups && { groups }),
    ...(typeof user["as-uid"] === "string" && { uid: user["as-uid"] }),
    ...(isJsonObject(extra) && {
      extra: Object.fromEntries(Object.entries(extra).map(([key, value]) => [key, strings(value) ?? []])),
    }),
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new KmError(
      "InvalidSpec",
      `can't read ${file}: ${(cause as NodeJS.ErrnoException).code ?? "unknown error"}`,
      { cause },
    );
  }
}
