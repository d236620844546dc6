import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { clusterIdentity } from "../../cluster/local/identity.ts";
import { leftovers } from "../../cluster/local/leftovers.ts";
import { down, isUp, nodeHost, up } from "../../cluster/local/lifecycle.ts";
import { LocalCluster } from "../../cluster/local/local-cluster.ts";
import { ProcessTable } from "../../cluster/local/process.ts";
import { attachCluster, chosenProvider } from "../../cluster/provider.ts";

/*
 * The cluster's own promises: it comes up whatever was left behind, goes away whole, and lets another one be. On a second cluster, beside the one that
 * the other tests use.
 */

const KM_CLUSTER = "lifecycle-test";
const checkout = resolve(import.meta.dirname, "../../..");
const identity = clusterIdentity(checkout, { KM_CLUSTER, XDG_STATE_HOME: process.env["XDG_STATE_HOME"] });
const processes = new ProcessTable(identity.stateDirectory, identity.id);
const signal = AbortSignal.timeout(280_000);
const silently = (): void => undefined;

const onThisMachine = chosenProvider() === "local" ? describe : describe.skip;

onThisMachine("a second cluster", () => {
  beforeAll(async () => await down(identity, signal));
  afterAll(async () => await down(identity, signal));

  test("comes up after one that was killed while it came up, and beside the first", async () => {
    const program = spawn(process.execPath, [join(checkout, "test/cluster/up.ts")], {
      env: { ...process.env, KM_CLUSTER },
      stdio: ["ignore", "pipe", "inherit"],
    });
    // Its first line says that namespaces and processes are being made.
    await new Promise<void>((reached) => program.stdout.once("data", () => reached()));
    await new Promise<void>((ended) => {
      program.once("exit", () => ended());
      program.kill("SIGKILL");
    });
    expect(await leftovers(identity, processes, signal)).not.toEqual([]);

    expect(await up(identity, signal, silently)).toBe("made");
    expect(await up(identity, signal, silently)).toBe("found");
    const [first, second] = [await attachCluster(signal), new LocalCluster(identity)];
    expect(second.hostAddress).not.toBe(first.hostAddress);
    expect(second.kubeconfigPath).not.toBe(first.kubeconfigPath);
  });

  test("isn't called sound with a kubelet that a test left stopped, and is made anew", async () => {
    await new LocalCluster(identity).stopKubelet("node-2", signal);
    expect(await isUp(identity, signal)).toBe(false);
    expect(await up(identity, signal, silently)).toBe("made");
  });

  test("keeps address and data over a restart of its API server, and takes other flags", async () => {
    const cluster = new LocalCluster(identity);
    await cluster.stopApiServer(signal);
    await cluster.startApiServer(signal, ["--max-requests-inflight=100"]);
    expect((await cluster.nodes(signal)).map(({ name }) => name)).toEqual(["node-1", "node-2", "node-3"]);
    expect(await isUp(identity, signal)).toBe(false);
    await cluster.stopApiServer(signal);
    await cluster.startApiServer(signal);
    expect(await isUp(identity, signal)).toBe(true);
  });

  test("gains and loses nodes", async () => {
    const cluster = new LocalCluster(identity);
    const added = await cluster.addNode(signal);
    expect((await cluster.exec(added.name, ["hostname"], signal)).stdout.trim()).toBe(added.name);
    await cluster.killNode(added.name, signal);
    await expect(cluster.exec(added.name, ["true"], signal)).rejects.toThrow("doesn't run");
    await cluster.removeNode(added.name, signal);
    expect(await isUp(identity, signal)).toBe(true);
  });

  test("goes away whole even where its state directory was lost, and a second time", async () => {
    expect(nodeHost(identity, 100).processes.marked()).not.toEqual([]);
    rmSync(identity.stateDirectory, { recursive: true });
    await down(identity, signal);
    expect(await leftovers(identity, processes, signal)).toEqual([]);
    await down(identity, signal);
  });
});
