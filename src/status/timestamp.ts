/** A time as Kubernetes writes it: RFC 3339 in whole seconds. A time that no calendar knows becomes the epoch, for a status must be written. */
export function timestamp(milliseconds: number): string {
  const date = new Date(milliseconds);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString().replace(/\.\d{3}Z$/, "Z");
}
