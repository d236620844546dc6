import { createHash } from "node:crypto";
import { stripTypeScriptTypes } from "node:module";

/** Jest's transform: Node itself takes the types away, so tests run the very text that ships. */
export default {
  process: (code) => ({ code: stripTypeScriptTypes(code, { mode: "strip" }) }),
  getCacheKey: (code, path) => createHash("sha256").update(process.version).update(path).update(code).digest("hex"),
};
