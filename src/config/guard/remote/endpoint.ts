import { parseHost } from "./address.ts";
import type { Host } from "./address.ts";

/** An endpoint in parts. */
export interface Endpoint {
  /** Empty where it has none, as in `host:port`. */
  readonly scheme: string;
  readonly host: Host;
  /** Null where it has none. */
  readonly port: number | null;
}

/**
 * One grammar for URLs and for `host:port`, and so narrow that every program reads it alike: no user, no query, no fragment, no
 * escapes, no backslash.
 */
const ENDPOINT =
  /^(?:(?<scheme>[a-z]+):\/\/)?(?:\[(?<address>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9._-]+))(?::(?<port>[1-9][0-9]{0,4}))?(?<path>(?:\/[A-Za-z0-9._~-]*)*)$/;

/** Reads an endpoint; null where it isn't plainly one. A path needs a scheme. */
export function parseEndpoint(text: string): Endpoint | null {
  if (text.length > 512) return null;
  const { scheme = "", address, name = "", port, path = "" } = ENDPOINT.exec(text)?.groups ?? {};
  if (scheme === "" && path !== "") return null;
  const host = address === undefined ? parseHost(name) : parseHost(address);
  // In brackets there are only addresses of IPv6.
  if (!host || (address !== undefined && !address.includes(":"))) return null;
  const number = port === undefined ? null : Number(port);
  return number !== null && number > 65_535 ? null : { scheme, host, port: number };
}
