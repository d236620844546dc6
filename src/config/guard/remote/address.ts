/** A host as it stands in a configuration, in its one spelling. */
export type Host =
  | { readonly kind: "name"; readonly text: string }
  /** Sixteen bits a group; an IPv4 address is its IPv4-mapped form. */
  | { readonly kind: "address"; readonly text: string; readonly groups: readonly number[] };

/** A label of a host name; a name may not end in a dot, for then the same host has two spellings. */
const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const IPV4 = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/;
/** What some resolver takes for a number: the last label decides, as in the URL standard. */
const NUMERIC = /(^|\.)(0x[0-9a-f]*|[0-9]+)$/;

/**
 * Reads a host, without brackets. Null for everything that two programs could read differently: `127.1`, `0x7f000001`,
 * `2130706433`, `010.0.0.1`, zones, a dot at the end, letters outside ASCII.
 */
export function parseHost(text: string): Host | null {
  const lower = text.toLowerCase();
  if (lower.includes(":")) {
    const groups = ipv6(lower);
    return groups && { kind: "address", text: lower, groups };
  }
  const octets = ipv4(lower);
  if (octets) return { kind: "address", text: lower, groups: [0, 0, 0, 0, 0, 0xffff, ...octets] };
  return NAME.test(lower) && !NUMERIC.test(lower) ? { kind: "name", text: lower } : null;
}

/** Whether both are the same host; two spellings of an address are. */
export function isSameHost(one: Host, other: Host): boolean {
  if (one.kind === "name" || other.kind === "name") return one.kind === other.kind && one.text === other.text;
  return one.groups.every((group, index) => group === other.groups[index]);
}

/** Names under which clouds serve credentials to machines. */
const METADATA_NAMES = ["metadata", "metadata.google.internal", "metadata.goog", "instance-data"];
/** Addresses of such services that aren't link-local: Alibaba Cloud, Oracle Cloud, Azure's host, Google Cloud over IPv6. */
const METADATA_ADDRESSES = ["100.100.100.200", "192.0.0.192", "168.63.129.16", "fd20:ce::254"];

/** Whether a host is link-local or a cloud's metadata service. Nobody may ask those, whatever a spec allows. */
export function isNeverAllowed(host: Host): boolean {
  if (host.kind === "name") {
    return (
      METADATA_NAMES.includes(host.text) || host.text.startsWith("instance-data.") || host.text.startsWith("metadata.")
    );
  }
  const [first = 0, second = 0] = host.groups;
  if ((first & 0xffc0) === 0xfe80) return true;
  // Everything that AWS gives a machine over IPv6: metadata, credentials of pods, time, names.
  if (first === 0xfd00 && second === 0x0ec2) return true;
  const metadata = METADATA_ADDRESSES.some((text) => {
    const address = parseHost(text);
    return address !== null && isSameHost(address, host);
  });
  return metadata || embeddedIpv4(host.groups).some(([high]) => high === 0xa9fe);
}

/** The IPv4 addresses that an address may lead to: mapped, compatible, 6to4, NAT64, Teredo, ISATAP. */
function embeddedIpv4(groups: readonly number[]): (readonly [number, number])[] {
  const [a = 0, b = 0, c = 0] = groups;
  const [e = 0, f = 0, g = 0, h = 0] = groups.slice(4);
  const zero = (...parts: readonly number[]) => parts.every((part) => part === 0);
  return [
    ...(zero(...groups.slice(0, 5)) && (f === 0xffff || f === 0) ? [[g, h] as const] : []),
    ...(zero(...groups.slice(0, 4)) && e === 0xffff && f === 0 ? [[g, h] as const] : []),
    ...(a === 0x2002 ? [[b, c] as const] : []),
    ...(a === 0x64 && b === 0xff9b ? [[g, h] as const] : []),
    ...(a === 0x2001 && b === 0 ? [[g ^ 0xffff, h ^ 0xffff] as const] : []),
    ...((e & 0xfdff) === 0 && f === 0x5efe ? [[g, h] as const] : []),
  ];
}

function ipv4(text: string): readonly [number, number] | null {
  const match = IPV4.exec(text);
  if (!match) return null;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1).map(Number);
  return Math.max(a, b, c, d) > 255 ? null : [a * 256 + b, c * 256 + d];
}

function ipv6(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1));
  if (!head) return null;
  if (halves.length === 1) return head.length === 8 ? head : null;
  if (!tail) return null;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? null : [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** The groups of one side of `::`; at the end of an address the last 32 bits may be written as IPv4. */
function groupsOf(half: string, isLast: boolean): number[] | null {
  if (half === "") return [];
  const parts = half.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    const embedded = isLast && index === parts.length - 1 ? ipv4(part) : null;
    if (embedded) groups.push(...embedded);
    else if (/^[0-9a-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}
