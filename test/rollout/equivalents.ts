/** A mutant that no test can tell from the machine as it is, and why. */
export interface Equivalent {
  readonly file: string;
  /** The mutated code as it stands there, up to the first line's end, and what it is mutated to. */
  readonly code: string;
  readonly mutated: string;
  readonly why: string;
}

const NEVER = "the types leave nothing to come here; the case is there for the compiler";
const ONE_NAME = "no two nodes have one name, so neither comparison is ever of equals";

/** All of them. A run of all mutants fails where one of these is killed, so that the list stays true. */
export const EQUIVALENTS: readonly Equivalent[] = [
  { file: "canary-gate.ts", code: "default:", mutated: "default:", why: NEVER },
  { file: "staged-rollout.ts", code: "default:", mutated: "default:", why: NEVER },
  { file: "staged.ts", code: "default:", mutated: "default:", why: NEVER },
  { file: "canaries.ts", code: "a.node.node < b.node.node", mutated: "a.node.node <= b.node.node", why: ONE_NAME },
  { file: "window.ts", code: "a.node < b.node", mutated: "a.node <= b.node", why: ONE_NAME },
  {
    file: "staged.ts",
    code: 'verdict.kind === "passed"',
    mutated: "true",
    why: "every verdict that comes so far has passed; the question is there for the compiler",
  },
  {
    file: "staged.ts",
    code: "first !== undefined",
    mutated: "true",
    why: "without a failure no more than none have failed, and none hold a slot; the question is there for the compiler",
  },
];
