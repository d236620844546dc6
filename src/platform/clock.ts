/** Where this room takes its time from: the process' own clock in the operator, a clock turned by hand in tests. */
export interface Clock {
  /** Monotonic milliseconds: what waiting is measured with. */
  now(): number;
  /** Milliseconds since 1970: for timestamps that people read. */
  wallNow(): number;
  /** Calls `act` once after `ms`; the returned function takes it back. */
  after(ms: number, act: () => void): () => void;
}
