import type { ObjectChange } from "./component-change.ts";
import type { FieldChange } from "./field-changes.ts";

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;
/** A change of a whole configuration has hundreds of fields. */
const MAX_FIELDS = 100;

/** What would change, object by object, for people. */
export function describeChanges(changes: readonly ObjectChange[]): string {
  return changes.map((change) => `${headline(change)}\n${lines(change)}`).join("");
}

function headline({ kind, name, outcome, restarts }: ObjectChange): string {
  const object = `${kind} ${name}`;
  if (outcome === "unchanged") return `${object}: no change`;
  if (outcome === "created") return `${object}: would be created`;
  if (outcome === "deleted") return `${object}: would be deleted`;
  if (restarts === null) return `${object}: would change`;
  const pods = restarts === 1 ? "pod" : "pods";
  const which =
    kind === "DaemonSet" ? `${pods} on ${restarts} ${restarts === 1 ? "node" : "nodes"}` : `${restarts} ${pods}`;
  return `${object}: would change; ${which} would restart`;
}

function lines({ fields, configuration }: ObjectChange): string {
  const inConfiguration = configuration.map((change) => ({
    ...change,
    path: `collector configuration: ${change.path}`,
  }));
  const all: readonly FieldChange[] = [...fields, ...inConfiguration];
  const rest = all.length > MAX_FIELDS ? `  and ${all.length - MAX_FIELDS} more\n` : "";
  return all
    .slice(0, MAX_FIELDS)
    .map(({ kind, path }) => `  ${SIGNS[kind]} ${path}\n`)
    .join("")
    .concat(rest);
}
