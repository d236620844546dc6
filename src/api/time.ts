/** A time as Kubernetes writes it: RFC 3339 in whole seconds. A time that no calendar knows becomes the epoch, for what holds it must be written. */
export function timestamp(milliseconds: number): string {
  const date = new Date(milliseconds);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** Milliseconds since the epoch of such a time; null for what can't be read as one. */
export function parseTimestamp(text: unknown): number | null {
  const at = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}
