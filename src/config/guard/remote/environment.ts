import type { RemoteRule } from "../rule.ts";
import { referencesIn } from "./references.ts";
import { judgeTexts } from "./texts.ts";
import { API_KEY, PLAIN_VARIABLES } from "./variables.ts";

/** Variables only from the fixed list, and the API key only as a header of an exporter; which header, its table says. */
export const environment: RemoteRule = (document) =>
  judgeTexts(document, {
    rule: "environment",
    key: () => null,
    value: (text, path) => {
      if (!text.includes("$")) return null;
      const references = referencesIn(text);
      if (!references.ok) return references.message;
      const isHeader = path.length === 4 && path[0] === "exporters" && path[2] === "headers";
      const foreign = references.names.find(
        (name) => !PLAIN_VARIABLES.includes(name) && !(name === API_KEY && isHeader),
      );
      if (foreign === undefined) return null;
      return foreign === API_KEY
        ? "refers to the API key, which may stand only in the Authorization header of an exporter"
        : `refers to a variable that a remote configuration may not read; allowed are ${PLAIN_VARIABLES.join(", ")}`;
    },
  });
