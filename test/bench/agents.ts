import type { KubeClient } from "../../src/kube/client.ts";
import { changesOf } from "./changes.ts";
import type { Change } from "./changes.ts";
import { NAMESPACE } from "./operator-process.ts";

/** As much of an agent's pod as the bench looks at. */
interface PodSeen {
  readonly metadata: {
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** A node's pod that works. */
export interface Agent {
  readonly uid: string;
  readonly revision: string;
}

/** What was counted since the last `count`. */
export interface Counted {
  /** Most nodes that were without a Ready pod at the same time. */
  readonly mostWithout: number;
  /** Milliseconds from a pod's deletion until the node's next one was Ready. */
  readonly starts: readonly number[];
}

/** The node agents as a watch of their pods shows them, whatever the operator says of them. */
export interface Agents {
  /** The working agents by node. */
  working(): ReadonlyMap<string, Agent>;
  /** Begins to count, of these nodes only, and gives what was counted until it is called. */
  count(nodes: ReadonlySet<string>): () => Counted;
  stop(): Promise<void>;
}

interface Counting {
  readonly nodes: ReadonlySet<string>;
  mostWithout: number;
  readonly starts: number[];
}

/** Watches the node agents' pods until `stop`. */
export async function watchAgents(client: KubeClient, signal: AbortSignal): Promise<Agents> {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
  const working = new Map<string, Agent>();
  let counting: Counting = { nodes: new Set(), mostWithout: 0, starts: [] };
  const without = new Map<string, number>();

  const take = (type: Change<PodSeen>["type"], { metadata, spec, status }: PodSeen) => {
    const { nodeName: node } = spec;
    if (node === undefined) return;
    const isReady = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
    if (type !== "DELETED" && metadata.deletionTimestamp === undefined && isReady === true) {
      working.set(node, { uid: metadata.uid, revision: metadata.labels["kloudmate.com/revision"] ?? "" });
      const since = without.get(node);
      if (since !== undefined) counting.starts.push(performance.now() - since);
      without.delete(node);
    } else if (working.get(node)?.uid === metadata.uid) {
      working.delete(node);
      if (counting.nodes.has(node)) without.set(node, performance.now());
      counting.mostWithout = Math.max(counting.mostWithout, without.size);
    }
  };

  const end = new AbortController();
  const ends = AbortSignal.any([signal, end.signal]);
  const query = { labelSelector: "app.kubernetes.io/component=node-agent" };
  const { items, changes } = await changesOf<PodSeen>(client, { path, query }, ends);
  for (const pod of items) take("ADDED", pod);
  const follow = async () => {
    for await (const { type, object } of changes) take(type, object);
  };
  let ended: string | null = null;
  const followed = follow().catch((error: unknown) => {
    ended = error instanceof Error ? error.message : String(error);
  });
  return {
    working: () => working,
    count(nodes) {
      const mine: Counting = { nodes, mostWithout: 0, starts: [] };
      counting = mine;
      without.clear();
      return () => {
        // What was counted without a watch would look like a promise kept.
        if (ended !== null) throw new Error(`nothing was counted: ${ended}`);
        return mine;
      };
    },
    async stop() {
      end.abort();
      await followed;
    },
  };
}
