/** A text of a good configuration, and what takes its place there. */
export type Change = readonly [name: string, from: string, to: string];

/** A change after which a configuration must be refused, and the path at which the finding must be. */
export type BadChange = readonly [name: string, from: string, to: string, path: string];

/** What a rule must refuse, by the good configuration that is changed. */
export interface Refusals {
  /** The word that the findings carry. */
  readonly rule: string;
  /** Changes of the vendor's default of the node agents. */
  readonly node?: readonly BadChange[];
  /** Changes of a gateway as the OpenTelemetry pages show it. */
  readonly gateway?: readonly BadChange[];
  /** Changes of the vendor's default of the cluster agent. */
  readonly cluster?: readonly BadChange[];
}

/** One more setting of the node agents' exporter, a line of YAML; the path leads from the exporter to the finding. */
export function exporterWith(name: string, line: string, path: string): BadChange {
  return [
    `an exporter with ${name}`,
    "    headers:\n",
    `    ${line}\n    headers:\n`,
    path.startsWith("[") ? `exporters.otlphttp${path}` : `exporters.otlphttp.${path}`,
  ];
}
