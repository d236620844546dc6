import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureTools, toolPath } from "../cluster/build.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { run } from "../cluster/command.ts";
import { eventually } from "../eventually.ts";
import type { Kubectl } from "./kubectl.ts";
import { pushImages, pushOperatorImage } from "../cluster/images.ts";
import type { ImageName } from "../cluster/images/recipes.ts";

/** The top of this checkout. */
export const CHECKOUT = join(import.meta.dirname, "../..");

/** The chart's folder. */
export const CHART = join(CHECKOUT, "helm/kmagent-operator");

/** References of the images that tests use, as the cluster's nodes pull them. */
export interface Images {
  readonly operator: string;
  /** A stock OpenTelemetry Collector. */
  readonly collector: string;
  /** An image that behaves as KloudMate's own does. */
  readonly vendor: string;
  /** A program that answers on 13133 as badly as it is told to. */
  readonly faulty: string;
}

/** An image beside the operator's own. */
type AgentImage = Exclude<keyof Images, "operator">;

const IMAGE_NAMES = {
  collector: "otelcol",
  vendor: "km-kube-agent",
  faulty: "faulty",
} as const satisfies Record<AgentImage, ImageName>;

/** Components of the stock collector that tests run, as `spec.components` of a custom distribution. */
export const COLLECTOR_COMPONENTS = {
  extensions: ["health_check", "file_storage"],
  receivers: ["otlp", "hostmetrics", "filelog"],
  processors: [
    "batch",
    "memory_limiter",
    "k8sattributes",
    "resourcedetection",
    "resource",
    "attributes",
    "transform",
    "filter",
  ],
  exporters: ["debug", "otlphttp"],
} as const;

/** This checkout's version. */
export function operatorVersion(): string {
  return (JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8")) as { version: string }).version;
}

/**
 * Pushes the operator's image and these others to the cluster's registry. What is missing is built first, which takes minutes
 * for each collector; what is there already is not sent again.
 */
export async function publishImages<Name extends AgentImage>(
  cluster: Cluster,
  names: readonly Name[],
  signal: AbortSignal,
): Promise<Pick<Images, "operator" | Name>> {
  const registry = cluster.registry;
  if (!registry) throw new Error("name a registry that this machine and the nodes reach in KM_REGISTRY (host:port)");
  const { host, credentials } = registry;
  const [operator, others] = await Promise.all([
    pushOperatorImage(host, operatorVersion(), signal, credentials),
    pushImages(
      host,
      names.map((name) => IMAGE_NAMES[name]),
      signal,
      credentials,
    ),
  ]);
  const references = names.map((name) => [name, others.get(IMAGE_NAMES[name])?.reference ?? ""] as const);
  return { operator: operator.reference, ...Object.fromEntries(references) } as Pick<Images, "operator" | Name>;
}

/** Applies the CRD as a cluster administrator does who keeps it out of releases. */
export async function applyCrd(kubectl: Kubectl): Promise<void> {
  const file = join(CHECKOUT, "crds/kloudmate.com_kmagents.yaml");
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", file]);
  // kubectl itself gives up where a definition is so new that it has no conditions yet.
  await eventually(
    "the definition is established",
    async () => {
      await kubectl(["wait", "--for=condition=Established", "--timeout=5s", "crd/kmagents.kloudmate.com"]);
      return true;
    },
    { withinMs: 60_000 },
  );
}

/** How the chart is installed. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly images: Pick<Images, "operator" | "vendor">;
  /** Further values, as in a values file. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** Helm against the cluster of a kubeconfig; fetched first where it isn't there. Rejects with Helm's own words. */
export async function helm(cluster: Cluster, args: readonly string[], signal: AbortSignal, input?: string) {
  await ensureTools(["helm"], signal);
  return await run([toolPath("helm"), "--kubeconfig", cluster.kubeconfigPath, ...args], signal, {
    timeout: 180_000,
    ...(input !== undefined && { input }),
  });
}

/** `helm upgrade --install` of this checkout's chart; waits until the operator is ready. */
export async function installOperator(cluster: Cluster, release: Release, signal: AbortSignal): Promise<void> {
  const { name, namespace, images, values = {} } = release;
  const colon = images.operator.lastIndexOf(":");
  const all = {
    image: { repository: images.operator.slice(0, colon), tag: images.operator.slice(colon + 1) },
    agentImages: { nodeAgent: images.vendor, clusterAgent: images.vendor },
    ...values,
  };
  const args = [
    "upgrade",
    "--install",
    name,
    CHART,
    "--namespace",
    namespace,
    "--create-namespace",
    "--wait",
    "--timeout",
    "120s",
    "--values",
    "-",
  ];
  await helm(cluster, args, signal, JSON.stringify(all));
}
