import type { Component } from "../api/labels.ts";
import type { KmAgentSpec } from "../api/kmagent.ts";
import { HOST_ROOT, STORAGE_DIRECTORY } from "../config/defaults/building-blocks.ts";
import type { HostAccess } from "./host-access.ts";

/** Where the images look for their configuration. */
export const CONFIG_DIRECTORY = "/etc/kmagent";
/** Where the CA bundle is. */
export const CA_DIRECTORY = "/etc/kmagent-ca";
/** Key of the configuration in a revision's ConfigMap. */
export const CONFIG_KEY = "collector.yaml";

/** A volume and where the container sees it. */
interface Mounted {
  readonly volume: Readonly<Record<string, unknown>>;
  readonly mount: Readonly<Record<string, unknown>>;
}

/** File name of a component's configuration; the vendor's agent knows these two alone. */
export function configFile(component: Component): string {
  return component === "node-agent" ? "agent-daemonset.yaml" : "agent-deployment.yaml";
}

/** Volumes of both components: configuration, CA bundle and a place for temporary files. */
export function commonVolumes(spec: KmAgentSpec, configMap: string): Mounted[] {
  // Under both names, so that an image finds it whatever mode it believes to be in.
  const items = [configFile("node-agent"), configFile("cluster-agent")].map((path) => ({ key: CONFIG_KEY, path }));
  const ca = spec.caBundleRef;
  return [
    mounted("config", { configMap: { name: configMap, items } }, CONFIG_DIRECTORY, true),
    mounted("tmp", { emptyDir: { sizeLimit: "64Mi" } }, "/tmp", false),
    ...(ca
      ? [
          mounted(
            "ca-bundle",
            { configMap: { name: ca.name, items: [{ key: ca.key, path: "ca.crt" }] } },
            CA_DIRECTORY,
            true,
          ),
        ]
      : []),
  ];
}

/**
 * What the node agent sees of its node. Host paths are of type "", which is never checked, so that one that a node lacks
 * keeps no pod from starting, and are read-only but for the one that is ours.
 */
export function hostVolumes(access: HostAccess, nodeDirectory: string, kubernetesMinor: number | null): Mounted[] {
  const readOnly = (name: string, path: string, mountPath: string) =>
    mounted(name, { hostPath: { path, type: "" } }, mountPath, true, kubernetesMinor);
  const storage =
    access.storage === "node"
      ? { hostPath: { path: nodeDirectory, type: "DirectoryOrCreate" } }
      : { emptyDir: { sizeLimit: "256Mi" } };
  return [
    ...(access.rootFileSystem ? [readOnly("host-root", "/", HOST_ROOT)] : []),
    ...(access.containerLogs
      ? [
          readOnly("pod-logs", "/var/log/pods", "/var/log/pods"),
          readOnly("container-logs", "/var/log/containers", "/var/log/containers"),
        ]
      : []),
    ...(access.storage === "none" ? [] : [mounted("storage", storage, STORAGE_DIRECTORY, false)]),
  ];
}

function mounted(
  name: string,
  source: Readonly<Record<string, unknown>>,
  mountPath: string,
  readOnly: boolean,
  kubernetesMinor: number | null = null,
): Mounted {
  // A read-only mount leaves the mounts below it writable unless this is asked for; API servers know the field since 1.31.
  const recursive = "hostPath" in source && readOnly && (kubernetesMinor ?? 0) >= 31;
  return {
    volume: { name, ...source },
    mount: {
      name,
      mountPath,
      ...(readOnly && { readOnly: true }),
      ...(recursive && { recursiveReadOnly: "IfPossible" }),
    },
  };
}
