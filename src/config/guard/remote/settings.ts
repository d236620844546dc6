import { KINDS, canonicalType, typeOf } from "../../components.ts";
import type { Kind } from "../../components.ts";
import { at, below, isMap } from "../../yaml-value.ts";
import type { RemoteRule } from "../rule.ts";
import { refusalOf } from "./never-remote.ts";
import { found } from "./shape.ts";
import type { Shape } from "./shape.ts";
import { CONNECTORS } from "./tables/connectors.ts";
import { EXPORTERS } from "./tables/exporters.ts";
import { EXTENSIONS } from "./tables/extensions.ts";
import { PROCESSORS } from "./tables/processors.ts";
import { RECEIVERS } from "./tables/receivers.ts";

/** What a remote configuration may set in which component; types without underscores, so that old and new names are one. */
const TABLES: Readonly<Record<Kind, ReadonlyMap<string, Shape>>> = {
  receivers: new Map(Object.entries(RECEIVERS)),
  processors: new Map(Object.entries(PROCESSORS)),
  exporters: new Map(Object.entries(EXPORTERS)),
  extensions: new Map(Object.entries(EXTENSIONS)),
  connectors: new Map(Object.entries(CONNECTORS)),
};

/** Whether a remote configuration may use components of a type at all. */
export function isAllowedType(kind: Kind, type: string): boolean {
  return TABLES[kind].has(canonicalType(type));
}

/** The settings that a remote configuration may have in components of a type, and what may be in those. */
export function allowedSettings(kind: Kind, type: string): Readonly<Record<string, Shape>> {
  return TABLES[kind].get(canonicalType(type))?.fields ?? {};
}

/** Every allowed type of a class, in the tables' own spelling. */
export function allowedTypes(kind: Kind): string[] {
  return [...TABLES[kind].keys()];
}

/** Only components that have a table, and in them only what the table allows. */
export const settings: RemoteRule = (document, context) =>
  KINDS.flatMap((kind) => {
    const section = at(document, kind);
    if (!isMap(section)) return [];
    return Object.entries(section).flatMap(([id, value]) => {
      const path = below(kind, id);
      const shape = TABLES[kind].get(canonicalType(typeOf(id)));
      return shape ? shape(value, path, { ...context, document }) : found("components", path, refusalOf(typeOf(id)));
    });
  });
