/**
 * Where the edge takes its time from: the machine's clock in the operator, one that is moved by hand in tests. Deadlines,
 * backoff and the lease use `now`, which goes on while the process is stopped (SIGSTOP) and never jumps; `wallNow` is only for
 * timestamps that people read.
 */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since 1970, as the machine believes. */
  wallNow(): number;
  /** Calls `act` once after `ms`; the returned function takes it back. */
  after(ms: number, act: () => void): () => void;
}
