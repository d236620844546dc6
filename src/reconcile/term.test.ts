import { describe, expect, test } from "@jest/globals";
import { until } from "../../test/eventually.ts";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { KmError } from "../api/errors.ts";
import type { KubeClient, KubeRequest, KubeResponse } from "../kube/client.ts";
import type { KubeObject } from "../kube/resource.ts";
import { ObjectStore } from "../kube/store.ts";
import { createLog } from "../telemetry/log.ts";
import { createSecretMask } from "../telemetry/mask.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { BY_INSTANCE } from "./gather.ts";
import { createIntern, projectKmAgent, projectPod } from "./project.ts";
import type { KmAgentRecord, NodeRecord, PodRecord } from "./project.ts";
import { Term } from "./term.ts";

const STATUS = "PATCH /apis/kloudmate.com/v1alpha1/namespaces/km/kmagents/agent/status";

/** An API server that takes every write, or is silent. */
class TakingApiServer implements KubeClient {
  readonly calls: string[] = [];
  isSilent = false;

  request({ method, path, body, beforeSend }: KubeRequest, signal: AbortSignal): Promise<KubeResponse> {
    beforeSend?.();
    this.calls.push(`${method} ${path}`);
    if (!this.isSilent) return Promise.resolve({ status: 200, body, warnings: [] });
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new KmError("Aborted", "stopped")), { once: true }),
    );
  }

  async *watch(): AsyncGenerator<unknown, void, void> {
    // Nothing is watched here but Secrets, of which none may be read.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** How often the KmAgent's status was written. */
  get statuses(): number {
    return this.calls.filter((call) => call === STATUS).length;
  }
}

/** A term over caches that hold one KmAgent. */
function world() {
  /** What listens to the caches. */
  const listeners = new Set<object>();
  class HeardStore<T> extends ObjectStore<T> {
    override subscribe(listener: Parameters<ObjectStore<T>["subscribe"]>[0]): () => void {
      const ends = super.subscribe(listener);
      listeners.add(ends);
      return () => {
        listeners.delete(ends);
        ends();
      };
    }
  }
  const server = new TakingApiServer();
  const clock = new FakeClock();
  const end = new AbortController();
  const kmagents = new HeardStore<KmAgentRecord>();
  const pods = new HeardStore<PodRecord>({ [BY_INSTANCE]: (pod) => pod.instance });
  const put = (generation: number) => {
    const resourceVersion = String(generation);
    const value = projectKmAgent({
      metadata: { name: "agent", namespace: "km", uid: "uid-1", generation, resourceVersion },
      // Where nobody listens: what the platform is told is `platform`'s business.
      spec: {
        clusterName: "c",
        apiKeySecretRef: { name: "s", key: "k" },
        platform: { endpoint: "http://127.0.0.1:9/x" },
      },
    });
    kmagents.set("km/agent", { uid: "uid-1", resourceVersion, value }, resourceVersion);
  };
  put(1);
  const lines: string[] = [];
  const metrics = createMetrics({ operator: "1" });
  const standing = { leads: true };
  const term = new Term(
    {
      client: server,
      caches: {
        kmagents,
        nodes: new HeardStore<NodeRecord>(),
        pods,
        daemonSets: new HeardStore<KubeObject>(),
        deployments: new HeardStore<KubeObject>(),
        configMaps: new HeardStore<KubeObject>(),
      },
      election: {
        isLeading: () => standing.leads,
        mustLead: () => {
          if (!standing.leads) throw new KmError("NotLeading", "the lease isn't ours");
        },
        remainingMs: () => 10_000,
      },
      installation: {
        version: "1",
        images: { nodeAgent: "a:1", clusterAgent: "b:1" },
        serviceAccounts: { nodeAgent: "na", clusterAgent: "ca" },
        kubernetesMinor: 34,
      },
      namespace: "km",
      identity: "me",
      secretNames: [],
      architecture: "amd64",
      allNodeMetrics: false,
      clock,
      random: () => 0.5,
      metrics,
      log: createLog({ level: "debug", mask: (text) => text, write: (line) => lines.push(line) }),
      mask: createSecretMask(),
    },
    end.signal,
  );
  /** Closes the term while time goes on, and gives how long that took by its clock, milliseconds. */
  const close = async () => {
    const began = clock.now();
    let isClosed = false;
    const closed = term.close().then(() => (isClosed = true));
    await until(() => {
      if (!isClosed) clock.advance(10);
      return isClosed;
    });
    await closed;
    return clock.now() - began;
  };
  const says = (text: string) => lines.some((line) => line.includes(text));
  return { server, clock, end, standing, listeners, metrics, pods, put, says, close };
}

describe("a term", () => {
  test("begins with a pass over every KmAgent, and makes one when it changes", async () => {
    const { server, clock, put, close } = world();
    clock.advance(0);
    await until(() => server.statuses === 1);
    put(2);
    await until(() => {
      clock.advance(10);
      return server.statuses === 2;
    });
    await close();
  });

  test("writes nothing once the lease isn't provably its own", async () => {
    const { server, clock, standing, says, close } = world();
    standing.leads = false;
    clock.advance(0);
    await until(() => says('"write failed"'));
    await close();
    expect(server.calls).toEqual([]);
  });
});

test("a term tells of pods that come", async () => {
  const { pods, says, close } = world();
  const value = projectPod(
    {
      metadata: {
        name: "agent-1",
        namespace: "km",
        uid: "pod-1",
        labels: { "app.kubernetes.io/instance": "agent", "app.kubernetes.io/component": "node-agent" },
        ownerReferences: [{ kind: "DaemonSet", name: "agent", uid: "ds", controller: true }],
      },
      status: { phase: "Pending" },
    },
    createIntern(),
  );
  pods.set("km/agent-1", { uid: "pod-1", resourceVersion: "1", value }, "1");
  expect(says('"agent start sequence initiated"')).toBe(true);
  await close();
});

describe("the end of a term", () => {
  test("makes no further pass, and leaves no series, timer or listener behind", async () => {
    const { server, clock, end, listeners, metrics, put, says, close } = world();
    clock.advance(0);
    await until(() => server.statuses === 1);
    await until(() => says('"status written"'));
    expect(await metrics.render()).toContain('kmagent_nodes{namespace="km"');
    await close();
    expect(says('"stopping"')).toBe(true);
    expect(await metrics.render()).not.toContain('kmagent_nodes{namespace="km"');
    put(2);
    end.abort();
    expect(clock.timers).toBe(0);
    expect(listeners.size).toBe(0);
    expect(server.statuses).toBe(1);
  });

  test("sends the events that wait", async () => {
    const { server, clock, close } = world();
    clock.advance(0);
    await until(() => server.statuses === 1);
    await close();
    expect(server.calls).toContain("POST /api/v1/namespaces/km/events");
  });

  test("gives a pass up that waits for a silent API server, after two seconds, and events after four more", async () => {
    const { server, clock, close } = world();
    server.isSilent = true;
    clock.advance(0);
    await until(() => server.calls.length === 1);
    const took = await close();
    expect(took).toBeGreaterThanOrEqual(2_000);
    expect(took).toBeLessThanOrEqual(6_100);
  });

  test("is no stop in order where the lease is lost, and sends no event: the next leader speaks", async () => {
    const { server, clock, standing, says, close } = world();
    clock.advance(0);
    await until(() => server.statuses === 1);
    standing.leads = false;
    await close();
    expect(says('"stopping"')).toBe(false);
    expect(server.calls).toEqual([STATUS]);
  });
});
