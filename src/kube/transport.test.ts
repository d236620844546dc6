import { afterEach, describe, expect, test } from "@jest/globals";
import type { Credentials } from "./credentials.ts";
import { Transport, errorOfTransport, isStaleConnection, serverUrl } from "./transport.ts";

const server = "https://127.0.0.1:1";
const credentials = (tlsHash: string, token = "t"): Credentials => ({
  headers: { authorization: token },
  tls: {},
  tlsHash,
});

let transport: Transport | undefined;
afterEach(() => transport?.close());

function open(): Transport {
  const cluster = { name: "c", server, skipTLSVerify: false };
  transport = new Transport({ server, cluster, user: { name: "u" }, impersonate: {}, namespace: undefined });
  return transport;
}

describe("connections", () => {
  test("stay while the certificates stay, whatever the token", () => {
    const made = open();
    expect(made.dispatcher("requests", credentials("h", "second"))).toBe(
      made.dispatcher("requests", credentials("h", "first")),
    );
  });

  test("are made anew when a certificate changes", () => {
    const made = open();
    expect(made.dispatcher("requests", credentials("h2"))).not.toBe(made.dispatcher("requests", credentials("h1")));
  });

  test("of watches are never those of requests", () => {
    const made = open();
    expect(made.dispatcher("watches", credentials("h"))).not.toBe(made.dispatcher("requests", credentials("h")));
  });
});

describe("the server's address", () => {
  const rows = [
    { url: "https://api.example.com:6443", ok: true },
    { url: "http://127.0.0.1:8001", ok: true },
    { url: "http://localhost:8001", ok: true },
    { url: "http://[::1]:8001", ok: true },
    { url: "http://127.0.0.1.example.com", ok: false },
    { url: "http://10.0.0.1", ok: false },
    { url: "unix:///x", ok: false },
    { url: "nonsense", ok: false },
  ];
  test.each(rows)("$url is taken: $ok", ({ url, ok }) => {
    if (ok) expect(serverUrl(url)).toBeInstanceOf(URL);
    else expect(() => serverUrl(url)).toThrow();
  });
});

describe("a failure below HTTP", () => {
  const failed = (code: string) => errorOfTransport(Object.assign(new Error("token=hunter2"), { code }), "GET /x");
  const rows = [
    { code: "ECONNREFUSED", becomes: "Unavailable", stale: false },
    { code: "ENOTFOUND", becomes: "Unavailable", stale: false },
    { code: "UND_ERR_CONNECT_TIMEOUT", becomes: "Timeout", stale: false },
    { code: "ECONNRESET", becomes: "Unavailable", stale: true },
    { code: "UND_ERR_SOCKET", becomes: "Unavailable", stale: true },
  ];
  test.each(rows)("$code is $becomes", ({ code, becomes, stale }) => {
    const failure = failed(code);
    expect(failure).toMatchObject({ code: becomes, message: `GET /x: no answer (${code})` });
    expect(isStaleConnection(failure)).toBe(stale);
  });
});
