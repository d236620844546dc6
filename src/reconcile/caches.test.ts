import { describe, expect, test } from "@jest/globals";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { KmError } from "../api/errors.ts";
import type { KubeClient, KubeRequest } from "../kube/client.ts";
import { createLog } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { startCaches } from "./caches.ts";
import { BY_INSTANCE } from "./gather.ts";

const LABELS = { "app.kubernetes.io/instance": "agent" };
const ITEMS: Readonly<Record<string, readonly object[]>> = {
  nodes: [{ metadata: { name: "n1", uid: "n1", resourceVersion: "1" } }],
  pods: [{ metadata: { name: "p", namespace: "km", uid: "p", resourceVersion: "2", labels: LABELS } }],
  daemonsets: [
    { metadata: { name: "agent", namespace: "km", uid: "d", resourceVersion: "3" }, spec: { template: {} } },
  ],
};

/** A cluster of `ITEMS` whose watches stay silent, and what was asked of it; what `away` names can't be listed. */
function cluster(away = "") {
  const calls: { readonly path: string; readonly query: KubeRequest["query"] }[] = [];
  const client: KubeClient = {
    request: async ({ path, query }) => {
      calls.push({ path, query });
      const plural = path.slice(path.lastIndexOf("/") + 1);
      if (plural === away) throw new KmError("Unavailable", "away");
      return Promise.resolve({
        status: 200,
        body: { metadata: { resourceVersion: "9" }, items: ITEMS[plural] ?? [] },
        warnings: [],
      });
    },
    watch: async function* (_, signal) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
    close: () => Promise.resolve(),
  };
  const stop = new AbortController();
  const lines: string[] = [];
  const metrics = createMetrics({ operator: "1" });
  const log = createLog({ level: "debug", mask: (text) => text, write: (line) => lines.push(line) });
  const clock = new FakeClock();
  const caches = startCaches({ client, namespace: "km", clock, random: () => 0.5, log, metrics }, stop.signal);
  return { caches, calls, stop, lines, metrics, clock };
}

describe("the caches", () => {
  test("ask for our objects of one namespace alone, by label, and for all KmAgents of it and all nodes", async () => {
    const { caches, calls, stop } = cluster();
    expect(await caches.synced).toBe(true);
    const ours = "app.kubernetes.io/managed-by=kmagent-operator";
    const asked = calls.map(({ path, query }) => `${path} ${String(query?.["labelSelector"] ?? "all")}`).sort();
    expect(asked).toEqual([
      "/api/v1/namespaces/km/configmaps " + ours,
      "/api/v1/namespaces/km/pods " + ours,
      "/api/v1/nodes all",
      "/apis/apps/v1/namespaces/km/daemonsets " + ours,
      "/apis/apps/v1/namespaces/km/deployments " + ours,
      "/apis/kloudmate.com/v1alpha1/namespaces/km/kmagents all",
    ]);
    stop.abort();
    await caches.done;
  });

  test("hold records of nodes and pods, found by instance, and whole workloads", async () => {
    const { caches, stop } = cluster();
    await caches.synced;
    expect(caches.nodes.get("n1")).toMatchObject({ name: "n1", taints: [] });
    expect(caches.pods.by(BY_INSTANCE, "agent")).toMatchObject([{ name: "p", container: null }]);
    expect(caches.daemonSets.get("km/agent")).toMatchObject({ kind: "DaemonSet", spec: { template: {} } });
    expect(caches.daemonSets.resourceVersion).toBe("9");
    stop.abort();
    await caches.done;
  });

  test("aren't synced while one kind can't be listed, which is logged and counted", async () => {
    const { caches, stop, lines, metrics } = cluster("pods");
    const synced = caches.synced;
    while (!lines.some((line) => line.includes("list or watch failed"))) await Promise.resolve();
    expect(caches.nodes.synced && !caches.pods.synced).toBe(true);
    expect(await metrics.render()).toContain(
      'kmagent_operator_reflector_errors_total{resource="pods",code="Unavailable"} 1',
    );
    stop.abort();
    expect(await synced).toBe(false);
    await caches.done;
  });
});
