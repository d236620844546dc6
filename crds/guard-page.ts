import { distributionOf, isSameType, KINDS } from "../src/config/components.ts";
import type { Kind } from "../src/config/components.ts";
import { NEVER_REMOTE } from "../src/config/guard/remote/never-remote.ts";
import { allowedTypes, isAllowedType } from "../src/config/guard/remote/settings.ts";
import { LOG_DIRECTORIES } from "../src/config/guard/remote/tables/log-paths.ts";
import { API_KEY, PLAIN_VARIABLES } from "../src/config/guard/remote/variables.ts";
import { COMMON_RULES, REMOTE_RULES } from "../src/config/guard/rule-table.ts";
import { code, table } from "./markdown.ts";

/** `docs/reference/guard.md`: the rules of the guard, and what a remote configuration may use. */
export function guardPage(): string {
  return `<!-- Generated from src/config/guard by \`make generate\`; change it there. -->

# Rules for collector configurations

A finding names one of these rules, the place in the document, and how to mend it.

## Rules of every configuration

${rules(COMMON_RULES)}

## Rules of remote configurations

${rules(REMOTE_RULES)}

## Components of remote configurations

What isn't in this table may be used in a configuration of the spec alone. A \`custom\` distribution may use what both this table's
last column and \`spec.components\` have.

${table(
  ["Class", "kloudmate", "contrib, custom"],
  KINDS.map((kind) => [kind, vendorTypes(kind).map(code).join(", "), allowedTypes(kind).map(code).join(", ")]),
)}

Names are given without the underscores that some releases of the collector write; \`file_log\` is \`filelog\`.

## Never from the platform

${table(
  ["Component", "Why"],
  Object.entries(NEVER_REMOTE).map(([type, why]) => [code(type), why]),
)}

## Variables

${PLAIN_VARIABLES.map(code).join(", ")}. KloudMate's image sets ${code("KM_AGENT_VERSION")} itself; with other images it is empty.

${code(API_KEY)} only as the \`Authorization\` header of an exporter.

## Directories

Log receivers may read below ${LOG_DIRECTORIES.map(code).join(" and ")}.
`;
}

function rules(of: typeof COMMON_RULES): string {
  return table(
    ["Rule", "What it asks", "What it refuses, for example"],
    Object.entries(of).map(([rule, { asks, refuses }]) => [code(rule), asks, code(refuses)]),
  );
}

/** What the vendor's image has of the allowed types, by its names. */
function vendorTypes(kind: Kind): string[] {
  const { components } = distributionOf({ distribution: "kloudmate" });
  return components[kind].filter(
    (type, index) =>
      isAllowedType(kind, type) && components[kind].findIndex((other) => isSameType(other, type)) === index,
  );
}
