import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadKubeconfig } from "./kubeconfig.ts";

let directory: string;
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), "kubeconfig-"))));
afterEach(() => rm(directory, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, text);
  return file;
}

const config = (server: string, user: string, current = "here") => `
apiVersion: v1
kind: Config
current-context: ${current}
clusters:
- name: c
  cluster: { server: "${server}", certificate-authority: ca.crt, tls-server-name: api, proxy-url: "http://proxy:1" }
contexts:
- { name: here, context: { cluster: c, user: u, namespace: ns } }
users:
- name: u
  user: ${user}
`;

describe("a kubeconfig", () => {
  test("gives its current context, with files beside it", async () => {
    const path = await write(
      "config",
      config("https://one/", "{ client-certificate: sub/me.crt, client-key: /abs/me.key }"),
    );
    const loaded = await loadKubeconfig({ path, env: {} });
    expect(loaded).toMatchObject({
      server: "https://one",
      namespace: "ns",
      cluster: { caFile: join(directory, "ca.crt"), tlsServerName: "api", proxyUrl: "http://proxy:1" },
      user: { certFile: join(directory, "sub/me.crt"), keyFile: "/abs/me.key" },
    });
  });

  test("reads a token's file again when it rotates, instead of once", async () => {
    const path = await write("config", config("https://one", "{ tokenFile: token }"));
    const { user } = await loadKubeconfig({ path, env: {} });
    expect(user).toMatchObject({
      authProvider: { name: "tokenFile", config: { tokenFile: join(directory, "token") } },
    });
  });

  test("knows whom to act as", async () => {
    const path = await write(
      "config",
      config("https://one", "{ token: t, as: jane, as-groups: [g], as-uid: '7', as-user-extra: { s: [v] } }"),
    );
    const { impersonate } = await loadKubeconfig({ path, env: {} });
    expect(impersonate).toEqual({ user: "jane", groups: ["g"], uid: "7", extra: { s: ["v"] } });
  });

  test("of several files takes what the first of them says", async () => {
    const first = await write("first", config("https://one", "{ token: t1 }"));
    const second = await write("second", config("https://two", "{ token: t2 }", "other"));
    const loaded = await loadKubeconfig({ env: { KUBECONFIG: `${first}:${second}` } });
    expect([loaded.server, loaded.user.token]).toEqual(["https://one", "t1"]);
  });

  test("in a pod is the service account", async () => {
    await mkdir(join(directory, "sa"));
    await writeFile(join(directory, "sa", "namespace"), "km-agent\n");
    const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" };
    const loaded = await loadKubeconfig({ env, serviceAccountDir: join(directory, "sa") });
    expect(loaded).toMatchObject({
      server: "https://[fd00::1]:6443",
      namespace: "km-agent",
      cluster: { caFile: join(directory, "sa", "ca.crt") },
      user: { authProvider: { config: { tokenFile: join(directory, "sa", "token") } } },
    });
  });

  const broken = [
    { name: "that isn't there", text: undefined, says: "ENOENT" },
    { name: "that is no YAML", text: "a: [hunter2", says: "not valid YAML" },
    { name: "that is empty", text: "", says: "empty or no map" },
    { name: "of two documents", text: "a: 1\n---\na: hunter2\n", says: "more than one YAML document" },
    { name: "that holds a key twice", text: "a: 1\na: hunter2\n", says: "not valid YAML" },
    {
      name: "without its current context",
      text: config("https://one", "{}", "nowhere"),
      says: "no context named nowhere",
    },
    { name: "whose cluster has no server", text: config("", "{}"), says: "server is missing" },
  ];
  test.each(broken)("$name is refused with a reason and without its content", async ({ text, says }) => {
    const path = text === undefined ? join(directory, "missing") : await write("config", text);
    const failure = await loadKubeconfig({ path, env: {} }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "InvalidSpec", message: expect.stringContaining(says) as unknown });
    expect(String((failure as Error).cause)).not.toContain("hunter2");
  });

  test("that can't be found anywhere is asked for by name", () =>
    expect(loadKubeconfig({ env: {} })).rejects.toThrow("neither --kubeconfig nor KUBECONFIG nor HOME"));
});
