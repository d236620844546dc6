import { KINDS, typeOf } from "../components.ts";
import type { Kind } from "../components.ts";
import type { Finding } from "../finding.ts";
import { at, below, isMap } from "../yaml-value.ts";
import type { Rule } from "./rule.ts";

/** As the collector itself reads ids: a type, and a name of up to 1024 characters after a slash. */
const ID = /^[a-zA-Z][0-9a-zA-Z_]{0,62}(\/[^\s/][^\n]{0,1023})?$/;

/** Only components that the image holds, or the collector would stop at its start. */
export const knownComponents: Rule = (document, { distribution }) =>
  KINDS.flatMap((kind) => {
    const section = at(document, kind);
    if (!isMap(section)) return [];
    return Object.entries(section).flatMap(([id, settings]): Finding[] => {
      const path = below(kind, id);
      if (!ID.test(id)) {
        return [
          {
            rule: "components",
            path,
            message: "isn't a component id; write a type such as otlp, or a type and a name such as otlp/2",
          },
        ];
      }
      if (distribution.complete && !distribution.components[kind].includes(typeOf(id))) {
        return [{ rule: "components", path, message: unknown(kind, typeOf(id), distribution.name) }];
      }
      return settings === null || isMap(settings)
        ? []
        : [{ rule: "components", path, message: "must be a map of settings" }];
    });
  });

function unknown(kind: Kind, type: string, distribution: string): string {
  const mend =
    distribution === "custom"
      ? `add it to spec.components.${kind} if the image holds it`
      : "use another one, or another distribution";
  return `the ${distribution} distribution has no ${type} among its ${kind}; ${mend}`;
}
