import { getCACertificates } from "node:tls";
import { Pool, ProxyAgent } from "undici";
import type { Dispatcher } from "undici";
import { bypassesProxy } from "./no-proxy.ts";

/** How the platform is reached. */
export interface Route {
  readonly endpoint: URL;
  /** Proxy for https URLs and hosts that need none, as `spec.proxy` says; plain http never goes through it, as in Go. */
  readonly proxy: { readonly httpsProxy: string | null; readonly noProxy: string | null };
  /** PEM certificates that are trusted besides the machine's. */
  readonly caBundle: string | null;
}

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 32;

interface Generation {
  readonly dispatcher: Dispatcher;
  users: number;
  retired: boolean;
}

/**
 * Kept-alive connections to one platform. After a deadline passed they are replaced, for a request behind a dead socket, an
 * address that has moved or a proxy that stays silent would wait in vain again; calls that still run on the old ones end there.
 */
export class Connections {
  readonly #route: Route;
  #current: Generation | null = null;
  readonly #closing = new Set<Promise<void>>();

  constructor(route: Route) {
    this.#route = route;
  }

  /** Whether calls go through the proxy; then faults of the connection are the proxy's. */
  get proxied(): boolean {
    return proxyFor(this.#route) !== null;
  }

  /** Lends the connections to `call` until it settles. */
  async use<T>(call: (dispatcher: Dispatcher) => Promise<T>): Promise<T> {
    const generation = (this.#current ??= { dispatcher: open(this.#route), users: 0, retired: false });
    generation.users += 1;
    try {
      return await call(generation.dispatcher);
    } finally {
      generation.users -= 1;
      if (generation.retired && generation.users === 0) this.#destroy(generation);
    }
  }

  /** Makes new connections from the next call on. */
  renew(): void {
    const old = this.#current;
    this.#current = null;
    if (old === null) return;
    old.retired = true;
    if (old.users === 0) this.#destroy(old);
  }

  /** Ends all connections as soon as the calls that use them have settled. */
  async close(): Promise<void> {
    this.renew();
    await Promise.all(this.#closing);
  }

  #destroy({ dispatcher }: Generation): void {
    const done = dispatcher.destroy().finally(() => this.#closing.delete(done));
    this.#closing.add(done);
  }
}

function open(route: Route): Dispatcher {
  const ca = route.caBundle === null ? {} : { ca: [...getCACertificates("default"), route.caBundle] };
  const connect = { ...ca, timeout: CONNECT_TIMEOUT_MS };
  const shared = { connections: MAX_CONNECTIONS, allowH2: false, headersTimeout: 0, bodyTimeout: 0 };
  const proxy = proxyFor(route);
  if (proxy === null) return new Pool(route.endpoint.origin, { ...shared, connect });
  return new ProxyAgent({
    ...shared,
    uri: proxy,
    requestTls: connect,
    proxyTls: connect,
    connectTimeout: CONNECT_TIMEOUT_MS,
  });
}

function proxyFor({ endpoint, proxy }: Route): string | null {
  if (endpoint.protocol !== "https:" || bypassesProxy(endpoint, proxy.noProxy)) return null;
  return proxy.httpsProxy;
}
