/** A bound on calls a second that lets a short burst through. Times are monotonic milliseconds, given as arguments. */
export interface TokenBucket {
  readonly tokens: number;
  readonly at: number;
}

/** The bound: `perSecond` in the long run, `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The bucket with what has flowed in until `now`. */
export function refill(bucket: TokenBucket, rate: Rate, now: number): TokenBucket {
  const tokens = bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * rate.perSecond;
  return { tokens: Math.min(rate.burst, tokens), at: now };
}

/** Whether the bucket holds a whole token. What sums of fractions leave short of it counts. */
export function holdsToken(bucket: TokenBucket): boolean {
  return bucket.tokens > 1 - 1e-6;
}

/** When the bucket will hold a whole token; `bucket.at` where it does already. */
export function nextToken(bucket: TokenBucket, rate: Rate): number {
  return holdsToken(bucket) ? bucket.at : bucket.at + ((1 - bucket.tokens) / rate.perSecond) * 1000;
}
