import { BlockList, isIP } from "node:net";

/**
 * Whether `url` is reached without the proxy, by the rules of Go's `httpproxy`, for the collectors beside us follow those:
 * `*` means every host; `example.com` means it and what is below it; `.example.com` and `*.example.com` only what is below;
 * an address or a CIDR block means itself; a port narrows an entry to that port. `localhost` and loopback addresses never use
 * the proxy.
 */
export function bypassesProxy(url: URL, noProxy: string | null): boolean {
  const host = bare(url.hostname);
  if (host === "localhost" || isLoopback(host)) return true;
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return (noProxy ?? "")
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => matches(entry.toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return inBlock(entry, host);
  const { name, wantedPort } = splitPort(entry);
  if (wantedPort !== null && wantedPort !== port) return false;
  if (isIP(name) !== 0 || isIP(host) !== 0) return sameAddress(name, host);
  if (name.startsWith("*.")) return host.endsWith(name.slice(1));
  if (name.startsWith(".")) return host.endsWith(name);
  return host === bare(name) || host.endsWith(`.${bare(name)}`);
}

/** Splits `host:port`, `[v6]:port` and a bare v6 address, in which colons are no port. */
function splitPort(entry: string): { name: string; wantedPort: string | null } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  if (bracketed) return { name: bracketed[1] ?? "", wantedPort: bracketed[2] ?? null };
  const plain = /^([^:]+):(\d+)$/.exec(entry);
  if (plain) return { name: plain[1] ?? "", wantedPort: plain[2] ?? null };
  return { name: entry, wantedPort: null };
}

/** Without the brackets of a v6 literal and the dot that only ends a full name. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.+)\]$/, "$1")
    .replace(/(.)\.$/, "$1");
}

function inBlock(cidr: string, host: string): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  const version = isIP(network);
  const prefix = Number(bits);
  const longest = version === 6 ? 128 : 32;
  if (version === 0 || isIP(host) === 0 || !/^\d{1,3}$/.test(bits) || prefix > longest) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family(version));
  return list.check(host, family(isIP(host)));
}

function sameAddress(entry: string, host: string): boolean {
  const version = isIP(entry);
  if (version === 0 || isIP(host) === 0) return false;
  const list = new BlockList();
  list.addAddress(entry, family(version));
  return list.check(host, family(isIP(host)));
}

function isLoopback(host: string): boolean {
  return inBlock("127.0.0.0/8", host) || sameAddress("::1", host);
}

function family(version: number): "ipv4" | "ipv6" {
  return version === 6 ? "ipv6" : "ipv4";
}
