/** What one resource of an OTLP message says of where it comes from, and how much it brings. */
export interface ResourcePart {
  /** The resource attribute `k8s.node.name`; null where there is none. */
  readonly node: string | null;
  /** The resource attribute `k8s.pod.name`; null where there is none. */
  readonly pod: string | null;
  /** Data points, log records or spans. */
  readonly items: number;
}

/** The signals that OTLP carries. */
export type OtlpSignal = "metrics" | "logs" | "traces";

/** Numbers of the fields that hold a metric's data: gauge, sum, histogram, exponential histogram, summary. */
const DATA = [5, 7, 9, 10, 11];

/**
 * Reads as much of an OTLP message in protobuf as tells who sent how much. All three signals have the same frame: resources
 * (field 1) with attributes (1.1) and scopes (2), which hold metrics, log records or spans (2). What is cut off or isn't
 * protobuf has no parts.
 */
export function readOtlp(body: Buffer, signal: OtlpSignal): ResourcePart[] {
  return [...fields(body, 1)].map((part) => {
    const attributes = new Map([...fields(part, 1)].flatMap((resource) => [...fields(resource, 1)].map(attribute)));
    const entries = [...fields(part, 2)].flatMap((scope) => [...fields(scope, 2)]);
    return {
      node: attributes.get("k8s.node.name") ?? null,
      pod: attributes.get("k8s.pod.name") ?? null,
      items: signal === "metrics" ? entries.reduce((sum, metric) => sum + dataPoints(metric), 0) : entries.length,
    };
  });
}

function dataPoints(metric: Buffer): number {
  return DATA.flatMap((number) => [...fields(metric, number)]).reduce(
    (sum, data) => sum + [...fields(data, 1)].length,
    0,
  );
}

/** A KeyValue; values other than texts count as empty. */
function attribute(pair: Buffer): [string, string] {
  const [key] = fields(pair, 1);
  const [value] = fields(pair, 2);
  const [text] = value === undefined ? [] : fields(value, 1);
  return [key?.toString("utf8") ?? "", text?.toString("utf8") ?? ""];
}

/** Contents of a message's fields of one number, as far as they have a length (texts, messages). */
function* fields(message: Buffer, number: number): Generator<Buffer, undefined> {
  let at = 0;
  while (at < message.length) {
    const tag = varint(message, at);
    at = tag.end;
    switch (tag.value & 7) {
      case 0:
        at = varint(message, at).end;
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint(message, at);
        at = length.end + length.value;
        if (tag.value >>> 3 === number && at <= message.length) yield message.subarray(length.end, at);
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return;
    }
  }
}

/** A number of up to 32 bits, which is what tags and lengths are; of longer ones only the end counts. */
function varint(message: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start, shift = 0; at < message.length; at++, shift += 7) {
    const byte = message[at] ?? 0;
    if (shift < 28) value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return { value, end: message.length };
}
