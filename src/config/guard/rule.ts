import type { Component } from "../../api/labels.ts";
import type { Distribution } from "../components.ts";
import type { Finding } from "../finding.ts";
import type { AgentIdentity } from "../own-logs.ts";
import type { YamlMap } from "../yaml-value.ts";
import type { RemoteLimits } from "./remote/limits.ts";

/** What rules know besides the document. */
export interface GuardContext {
  readonly component: Component;
  readonly distribution: Distribution;
}

/** What the rules of a remote configuration know besides. */
export interface RemoteContext extends GuardContext {
  readonly limits: RemoteLimits;
  readonly agent: AgentIdentity;
}

/** One rule: everything that it finds in a document, in the document's order. It assumes nothing of the document's shape. */
export type Rule = (document: YamlMap, context: GuardContext) => Finding[];

/** A rule of remote configurations alone. */
export type RemoteRule = (document: YamlMap, context: RemoteContext) => Finding[];
