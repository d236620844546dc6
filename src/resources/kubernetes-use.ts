import { componentsInUse } from "../config/pipelines.ts";
import { isSameType, typeOf } from "../config/components.ts";
import { isList, isMap } from "../config/yaml-value.ts";
import type { YamlMap, YamlValue } from "../config/yaml-value.ts";

/** Components that are nothing without the Kubernetes API or kubelet's. */
const ALWAYS = [
  "k8sattributes",
  "kubeletstats",
  "k8s_cluster",
  "k8s_events",
  "k8sobjects",
  "k8s_observer",
  "k8s_leader_elector",
];
/** Detectors of `resourcedetection` that ask the API. */
const DETECTORS = ["k8snode", "k8s_api", "kubeadm", "openshift", "eks"];

/** Whether a configuration needs a service account's token; without a need there is none in the pod. */
export function usesKubernetesApi(document: YamlMap): boolean {
  const components = (["receivers", "processors", "extensions"] as const).flatMap((kind) =>
    componentsInUse(document, kind),
  );
  return components.some(([id, settings]) => {
    const type = typeOf(id);
    if (ALWAYS.some((always) => isSameType(always, type))) return true;
    return isSameType("resourcedetection", type) ? detects(settings) : mentions(settings);
  });
}

function detects(settings: YamlValue): boolean {
  const detectors = isMap(settings) ? settings["detectors"] : [];
  return (
    isList(detectors) && detectors.some((detector) => typeof detector === "string" && DETECTORS.includes(detector))
  );
}

/** Service discovery of `prometheus`, and whatever signs in as the service account. */
function mentions(value: YamlValue): boolean {
  if (isList(value)) return value.some(mentions);
  if (isMap(value))
    return Object.entries(value).some(([key, entry]) => key === "kubernetes_sd_configs" || mentions(entry));
  return (
    value === "serviceAccount" || (typeof value === "string" && value.startsWith("/var/run/secrets/kubernetes.io/"))
  );
}
