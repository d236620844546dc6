import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { inspect } from "node:util";
import { Command, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { KmError } from "./api/errors.ts";
import type { ConfigCheckFlags } from "./commands/config-check.ts";
import { loadKubeconfig } from "./kube/kubeconfig.ts";
import { runOperator } from "./main.ts";
import { createLog } from "./telemetry/log.ts";
import { createSecretMask } from "./telemetry/mask.ts";

/** The image that this release was made for; the chart's values or the KmAgent may name others. */
const RELEASED_IMAGE = "ghcr.io/kloudmate/km-kube-agent:1.2.0";

/** Where a kubeconfig is looked for, as `loadKubeconfig` does it. */
const KUBECONFIG_PLACES = "$KUBECONFIG, then the pod's own service account, then ~/.kube/config";

/** A stop that takes longer than this is ended by force, milliseconds. */
const STOP_LIMIT_MS = 10_000;

/** A command that needs no cluster is done in moments; only a standard input that never ends takes longer, milliseconds. */
const COMMAND_LIMIT_MS = 60_000;

/** What an installation gives every KmAgent that says nothing else. */
interface InstallationFlags {
  readonly nodeAgentServiceAccount: string;
  readonly clusterAgentServiceAccount: string;
  readonly nodeAgentImage: string;
  readonly clusterAgentImage: string;
}

/** An API server that hasn't answered by then is away; getting credentials from a plugin counts, milliseconds. */
const FIRST_ANSWER_LIMIT_MS = 10_000;

/** Exit code of `diff` where it can't tell whether something would change. */
const CANNOT_TELL = 2;

interface RunFlags extends InstallationFlags {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly leaderElect: boolean;
  readonly secretNames: string;
  readonly metricsAddress: string;
  readonly nodesAddress: string;
  readonly allNodeMetrics: boolean;
}

/** The command line. Built anew on each call, so that the reference page can be made of it. */
export function commandLine(): Command {
  const program = new Command("kmagent-operator")
    .description("Runs KloudMate's agent on every node of a cluster, and tells the truth about each of them.")
    .version(packageJson.version);
  const running = program
    .command("run")
    .description("Runs the operator.")
    .option(
      "--namespace <name>",
      "namespace whose KmAgents are served; default: $WATCH_NAMESPACE, then that of the kubeconfig",
    )
    .option("--kubeconfig <file>", `how to reach the cluster; default: ${KUBECONFIG_PLACES}`)
    .option("--leader-elect", "work only while holding the lease, so that two replicas can run", false)
    .option("--secret-names <names>", "comma-separated Secrets that may be read for API keys", "km-agent-credentials");
  withInstallationFlags(running)
    .option("--metrics-address <host:port>", "where /metrics, /healthz and /readyz are served", ":8080")
    .option("--nodes-address <host:port>", "where /nodes is served; keep it on loopback", "127.0.0.1:8081")
    .option("--all-node-metrics", "give every node metric series of its own, not only those that aren't well", false)
    .action(run);
  program
    .command("config")
    .description("Works with collector configurations, without a cluster.")
    .command("check")
    .argument("<file>", "the configuration as YAML or JSON; - for the standard input")
    .description("Judges a collector configuration as the operator would; exit code 0 where it is accepted, else 1.")
    .addOption(
      new Option("--origin <origin>", "who wrote it: the cluster's own people, or the platform")
        .choices(["spec", "remote"])
        .default("spec"),
    )
    .addOption(new Option("--target <agent>", "whose it would be").choices(["node", "cluster"]).default("node"))
    .option("--kmagent <file>", "the KmAgent whose distribution and allowed hosts count; default: one without settings")
    .addOption(new Option("-o, --output <format>", "form of the verdict").choices(["text", "json"]).default("text"))
    .action(async (file: string, flags: ConfigCheckFlags) => {
      const { checkConfig } = await import("./commands/config-check.ts");
      await answer(async (signal) => checkConfig(file, flags, signal));
    });
  const rendering = program
    .command("render")
    .description("Prints every object that the operator would make of a KmAgent, without a cluster.")
    .requiredOption(
      "-f, --filename <file>",
      "a KmAgent as YAML, with the ConfigMaps that it refers to; - for the standard input",
    );
  withInstallationFlags(rendering).action(async ({ filename, ...flags }: RenderFlags) => {
    const { renderKmAgent } = await import("./commands/render.ts");
    await answer(async (signal) => ({ ok: true, text: await renderKmAgent(filename, settingsOf(flags), signal) }));
  });
  const comparing = program
    .command("diff")
    // Flags that can't be understood end with 1 elsewhere, which here says that something would change.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : CANNOT_TELL))
    .description(
      "Says what applying a KmAgent would change in a cluster, and how many pods would restart. Exit code 0: nothing; 1: something; 2: it can't tell.",
    )
    .requiredOption(
      "-f, --filename <file>",
      "a KmAgent as YAML, with ConfigMaps that it refers to; - for the standard input",
    )
    .option(
      "--kubeconfig <file>",
      `how to reach the cluster, and the namespace of a KmAgent that names none; default: ${KUBECONFIG_PLACES}`,
    )
    .addOption(new Option("-o, --output <format>", "form of the answer").choices(["text", "json"]).default("text"));
  withInstallationFlags(comparing, "; the one in the cluster goes before it").action(diff);
  return program;
}

/**
 * Adds the flags in which installations differ, the same for each command that makes objects of a KmAgent. `unless` says when
 * they don't count.
 */
function withInstallationFlags(command: Command, unless = ""): Command {
  return command
    .option(
      "--node-agent-service-account <name>",
      `ServiceAccount of the node agents${unless}`,
      "kmagent-operator-node-agent",
    )
    .option(
      "--cluster-agent-service-account <name>",
      `ServiceAccount of the cluster agent${unless}`,
      "kmagent-operator-cluster-agent",
    )
    .option("--node-agent-image <image>", `image of node agents whose KmAgent names none${unless}`, RELEASED_IMAGE)
    .option(
      "--cluster-agent-image <image>",
      `image of cluster agents whose KmAgent names none${unless}`,
      RELEASED_IMAGE,
    );
}

/** How objects are made of a KmAgent by an operator with these flags. */
function settingsOf(flags: InstallationFlags) {
  return {
    release: {
      version: packageJson.version,
      images: { nodeAgent: flags.nodeAgentImage, clusterAgent: flags.clusterAgentImage },
    },
    serviceAccounts: { nodeAgent: flags.nodeAgentServiceAccount, clusterAgent: flags.clusterAgentServiceAccount },
  };
}

/** Prints what a command found. What it fails at goes to the standard error, and the exit code says so. */
async function answer(
  ask: (signal: AbortSignal) => Promise<{ readonly ok: boolean; readonly text: string }>,
): Promise<void> {
  try {
    const { ok, text } = await ask(AbortSignal.timeout(COMMAND_LIMIT_MS));
    process.stdout.write(text);
    process.exitCode = ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof KmError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

interface RenderFlags extends InstallationFlags {
  readonly filename: string;
}

interface DiffFlags extends InstallationFlags {
  readonly filename: string;
  readonly kubeconfig?: string;
  readonly output: "text" | "json";
}

async function diff(flags: DiffFlags): Promise<void> {
  try {
    const changes = await changesOf(flags, AbortSignal.timeout(COMMAND_LIMIT_MS));
    const { describeChanges } = await import("./commands/diff-text.ts");
    process.stdout.write(
      flags.output === "json" ? `${JSON.stringify({ changes }, null, 2)}\n` : describeChanges(changes),
    );
    process.exitCode = changes.some((change) => change.outcome !== "unchanged") ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${error instanceof KmError ? error.message : inspect(error)}\n`);
    process.exitCode = CANNOT_TELL;
  }
}

/** Looks at everything on this machine first: a mistake in a file shall not wait for a cluster that is away. */
async function changesOf({ filename, kubeconfig, ...flags }: DiffFlags, signal: AbortSignal) {
  const [{ diffKmAgent }, { readKmAgentFile }, { createKubeClient }, { systemClock }, { askServerMinor }] =
    await Promise.all([
      import("./commands/diff.ts"),
      import("./commands/kmagent-file.ts"),
      import("./kube/client.ts"),
      import("./kube/clock.ts"),
      import("./kube/server-version.ts"),
    ]);
  const found = await loadKubeconfig({
    env: process.env,
    ...(kubeconfig !== undefined && { path: kubeconfig }),
  });
  const given = await readKmAgentFile(filename, signal, found.namespace);
  const client = createKubeClient({ kubeconfig: found, version: packageJson.version, clock: systemClock });
  try {
    const kubernetesMinor = await askServerMinor(client, signal, FIRST_ANSWER_LIMIT_MS);
    return await diffKmAgent(given, client, { ...settingsOf(flags), kubernetesMinor }, systemClock.wallNow(), signal);
  } finally {
    await client.close();
  }
}

async function run(flags: RunFlags): Promise<void> {
  const { env } = process;
  const mask = createSecretMask();
  const log = createLog({ level: env["KM_LOG_LEVEL"] ?? "info", mask: (text) => mask.mask(text) });
  const stop = new AbortController();
  const onSignal = (name: string) => {
    log.info({ signal: name }, "stop asked for");
    stop.abort();
    setTimeout(() => {
      log.error({}, "stop took too long");
      log.flush();
      process.exit(1);
    }, STOP_LIMIT_MS).unref();
  };
  process.once("SIGTERM", onSignal).once("SIGINT", onSignal);
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "crashed");
    log.flush();
    process.exit(1);
  });
  try {
    const { release, serviceAccounts } = settingsOf(flags);
    const kubeconfig = await loadKubeconfig({
      env,
      ...(flags.kubeconfig !== undefined && { path: flags.kubeconfig }),
    });
    await runOperator(
      {
        kubeconfig,
        namespace: flags.namespace ?? env["WATCH_NAMESPACE"] ?? kubeconfig.namespace ?? "default",
        // A process that died may still have a write under way, so each has a name of its own.
        identity: `${env["POD_NAME"] ?? hostname()}_${randomUUID().slice(0, 8)}`,
        leaderElection: flags.leaderElect,
        secretNames: flags.secretNames.split(",").filter((name) => name !== ""),
        installation: { ...release, serviceAccounts },
        architecture: process.arch === "arm64" ? "arm64" : "amd64",
        metricsAddress: flags.metricsAddress,
        nodesAddress: flags.nodesAddress,
        allNodeMetrics: flags.allNodeMetrics,
        log,
        mask,
      },
      stop.signal,
    );
  } catch (error) {
    log.error({ err: error }, "operator ended");
    process.exitCode = 1;
  } finally {
    log.flush();
  }
}

if (import.meta.main) await commandLine().parseAsync();
