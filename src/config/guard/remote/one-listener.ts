import { isSameType, typeOf } from "../../components.ts";
import { componentsInUse } from "../../pipelines.ts";
import { at, below } from "../../yaml-value.ts";
import type { RemoteRule } from "../rule.ts";

/** Each of our ports once: of two listeners on one port the second would keep the collector from starting. */
export const oneListener: RemoteRule = (document) =>
  ["grpc", "http"].flatMap((protocol) => {
    const [, ...others] = componentsInUse(document, "receivers").filter(
      ([id, settings]) => isSameType(typeOf(id), "otlp") && at(settings, "protocols", protocol) !== undefined,
    );
    return others.map(([id]) => ({
      rule: "listeners",
      path: below(below(below("receivers", id), "protocols"), protocol),
      message: "listens where another otlp receiver does; use one receiver in several pipelines",
    }));
  });
