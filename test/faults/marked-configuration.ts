/** What is wrong with a configuration, if anything; `refused` names what the guard finds, the others start a collector. */
export type Flaw =
  /** Names a component that no distribution holds: the guard refuses it. */
  | "refused"
  /** Passes the guard; every collector ends at its start. */
  | "fatal"
  /** Passes the guard; a collector ends at its start where the file of its node's name in {@link FLAWED_NODES} says so. */
  | "fatalSomewhere";

/** Where a container finds a file for each node: `gzip` where the configuration is fine there, anything else where it isn't. */
export const FLAWED_NODES = "/flawed-nodes";

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
