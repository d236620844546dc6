import { isJsonObject, membersOf } from "../api/json.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { ANNOTATION, LABEL } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { ConfigSource } from "../config/resolve.ts";
import { metadata } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { configMapName } from "./names.ts";
import type { PodTemplate } from "./pod.ts";
import { canonicalJson } from "./revision.ts";
import type { Revision } from "./revision.ts";
import { CONFIG_KEY } from "./volumes.ts";

/** Key of the pod template in a revision's ConfigMap: with it, a lost DaemonSet or an older revision can be made again. */
const TEMPLATE_KEY = "pod-template.json";

/** What a revision's ConfigMap is made of. */
export interface ConfigMapInput {
  readonly kmagent: KmAgent;
  readonly component: Component;
  readonly revision: Revision;
  readonly source: ConfigSource;
  /** Hash of the platform's configuration, null where this is none. */
  readonly remoteHash: string | null;
  readonly configuration: string;
  readonly template: PodTemplate;
}

/** The immutable ConfigMap of a revision: its configuration and its pod template. It is created once and never changed. */
export function configMap(input: ConfigMapInput): Manifest {
  const { kmagent, component, revision } = input;
  const common = metadata(kmagent, component, configMapName(kmagent.name, component, revision.name));
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...common,
      labels: { ...common.labels, [LABEL.revision]: revision.name },
      annotations: {
        [ANNOTATION.source]: input.source.toLowerCase(),
        [ANNOTATION.revisionHash]: revision.hash,
        ...(input.remoteHash !== null && { [ANNOTATION.remoteHash]: input.remoteHash }),
      },
    },
    immutable: true,
    data: { [CONFIG_KEY]: input.configuration, [TEMPLATE_KEY]: canonicalJson(input.template) },
  };
}

/** The pod template that a revision's ConfigMap holds, from its `data`; `null` where there is none that can be read. */
export function storedTemplate(data: unknown): Readonly<Record<string, unknown>> | null {
  const text = membersOf(data)[TEMPLATE_KEY];
  if (typeof text !== "string") return null;
  try {
    const template: unknown = JSON.parse(text);
    return isJsonObject(template) ? template : null;
  } catch {
    return null;
  }
}
