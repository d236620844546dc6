import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { KMAGENT } from "../test/fleet/manifest.ts";

/* The command line as a process of its own, for exit codes are what scripts go by. */

const folder = mkdtempSync(join(tmpdir(), "km-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const call = (...argv: readonly string[]) => callWith({}, ...argv);

/** Exit code and output of a call, at whose home nothing is. */
async function callWith(more: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<Outcome> {
  const env = { PATH: process.env["PATH"], HOME: folder, ...more };
  return await new Promise((resolve) => {
    execFile(process.execPath, ["src/cli.ts", ...argv], { env, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
}

function file(text = KMAGENT): string {
  const path = join(folder, "kmagent.yaml");
  writeFileSync(path, text);
  return path;
}

describe("render", () => {
  const FLAGS = [
    ["--node-agent-image", "ghcr.io/kloudmate/km-kube-agent:1.2.0", "example.com/node:3"],
    ["--cluster-agent-image", "ghcr.io/kloudmate/km-kube-agent:1.2.0", "example.com/cluster:4"],
    ["--node-agent-service-account", "kmagent-operator-node-agent", "theirs-node"],
    ["--cluster-agent-service-account", "kmagent-operator-cluster-agent", "theirs-cluster"],
  ] as const;

  /** Images and ServiceAccounts of what `render` prints. */
  const given = async (...flags: readonly string[]) => {
    const { stdout } = await call("render", "-f", file(), ...flags);
    return Array.from(stdout.matchAll(/^ +(?:image|serviceAccountName): "?([^"\n]+)/gm), ([, value]) => value).sort();
  };

  test("takes images and ServiceAccounts of this release", async () => {
    expect(await given()).toEqual(FLAGS.map(([, released]) => released).sort());
  });

  test("takes those of an installation by the flags that its operator has", async () => {
    expect(await given(...FLAGS.flatMap(([flag, , other]) => [flag, other]))).toEqual(
      FLAGS.map(([, , other]) => other).sort(),
    );
  });
});

/** A kubeconfig of an API server at that address. */
function kubeconfig(server: string): string {
  const path = join(folder, "kubeconfig.yaml");
  writeFileSync(
    path,
    `clusters: [{ name: c, cluster: { server: "${server}" } }]
users: [{ name: u, user: { token: t } }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`,
  );
  return path;
}

/** A port on which nobody listens. */
const AWAY = "http://127.0.0.1:9";

describe("diff", () => {
  test("--help is no failure, and names every place where a kubeconfig is looked for", async () => {
    const { code, stdout } = await call("diff", "--help");
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "default: $KUBECONFIG, then the pod's own service account, then ~/.kube/config",
    );
  });

  test.each([
    { name: "it is given no file", argv: () => [], says: "required option '-f, --filename <file>' not specified" },
    { name: "an option is unknown", argv: () => ["-f", file(), "--fast"], says: "unknown option '--fast'" },
    { name: "the answer has no such form", argv: () => ["-f", file(), "-o", "xml"], says: "argument 'xml' is invalid" },
    {
      name: "the API server is away",
      argv: () => ["-f", file(), "--kubeconfig", kubeconfig(AWAY)],
      says: "GET /version: ",
    },
    {
      name: "the file is bad, even where the API server is away",
      argv: () => ["-f", file("kind: KmAgent"), "--kubeconfig", kubeconfig(AWAY)],
      says: "kmagent.yaml: apiVersion: ",
    },
  ])("ends with 2 where $name, and says so", async ({ argv, says }) => {
    const { code, stdout, stderr } = await call("diff", ...argv());
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
  });

  test("ends with 2 where something fails that nobody thought of, and says all that is known of it", async () => {
    const broken = "URL.parse=()=>{throw new RangeError('odd')}";
    const { code, stderr } = await callWith(
      { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(broken)}` },
      ...["diff", "-f", file(), "--kubeconfig", kubeconfig(AWAY)],
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/^RangeError: odd\n +at /);
  });
});
