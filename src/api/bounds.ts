/**
 * Bounds that the schema sets and the code keeps: the API server refuses what is over one of them, and a status as a whole with
 * it. Texts are counted in characters there; code that cuts by bytes of UTF-8 stays below.
 */
export const BOUND = {
  /** A collector configuration as text, bytes. */
  configuration: 262_144,
  /** Nodes of each list of findings. */
  listedNodes: 20,
  canaries: 64,
  /** Rejected revisions of the node agents. */
  rejections: 20,
  /** Rejected revisions of the cluster agent. */
  clusterAgentRejections: 5,
  /** Nodes of a rejection. */
  rejectionNodes: 5,
  rejectionMessage: 512,
  /** What is wrong, of a node or of a whole. */
  message: 1_100,
  /** A place in a configuration. */
  path: 512,
  /** A hash, or the name of a rule. */
  word: 64,
} as const;
