/** What is wrong with a configuration, if anything; `refused` names what the guard finds, the others start a collector. */
export type Flaw =
  /** Names a component that no distribution holds: the guard refuses it. */
  | "refused"
  /** Passes the guard; every collector ends at its start. */
  | "fatal"
  /** Passes the guard; a collector ends at its start where the file of its node's name in `flawedNode` says so. */
  | "fatalSomewhere";

/** Where a container finds a file for each node: `gzip` where the configuration is fine there, anything else where it isn't. */
const FLAWED_NODES = "/flawed-nodes";

/** A collector's configuration that delivers a metric every second. `mark` tells it from others. */
export function markedConfiguration(mark: string, flaw?: Flaw): Readonly<Record<string, unknown>> {
  const filter = { metrics: { metric: ["no_such_function()"] } };
  return {
    receivers: {
      hostmetrics: { collection_interval: "1s", scrapers: { memory: {} } },
      ...(flaw === "refused" && { "no-such-receiver": {} }),
    },
    processors: {
      attributes: { actions: [{ key: "mark", value: mark, action: "insert" }] },
      ...(flaw === "fatal" && { filter }),
    },
    exporters: {
      otlphttp: {
        endpoint: "${env:KM_COLLECTOR_ENDPOINT}",
        headers: { Authorization: "${env:KM_API_KEY}" },
        ...(flaw === "fatalSomewhere" && { compression: `\${file:${FLAWED_NODES}/\${env:KM_NODE_NAME}}` }),
      },
    },
    service: {
      pipelines: {
        metrics: {
          receivers: ["hostmetrics"],
          processors: ["attributes", ...(flaw === "fatal" ? ["filter"] : [])],
          exporters: ["otlphttp"],
        },
      },
    },
  };
}

/** What makes one node the somewhere of `fatalSomewhere`: a ConfigMap, and the part of `spec.nodeAgent` that mounts it. */
export function flawedNode(name: string, namespace: string, flawed: string, nodes: readonly string[]) {
  const data = Object.fromEntries(nodes.map((node) => [node, node === flawed ? "none-such" : "gzip"]));
  return {
    configMap: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data },
    nodeAgent: {
      extraVolumes: [{ name: "flawed-nodes", configMap: { name } }],
      extraVolumeMounts: [{ name: "flawed-nodes", mountPath: FLAWED_NODES }],
    },
  };
}
