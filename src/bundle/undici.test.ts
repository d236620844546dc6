import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { selfSigned } from "../../test/platform/certificate.ts";
import { startProxy } from "../../test/platform/proxy.ts";
import type { TestProxy } from "../../test/platform/proxy.ts";
import { startSimulator } from "../../test/platform/simulator.ts";
import type { Simulator } from "../../test/platform/simulator.ts";

// Plain JavaScript without types, for the bundler alone.
const MODULE = "./undici.js";
const CASES = ["Pool", "ProxyAgent"] as const;

/** As much of the stand-in as the operator calls. */
type StandIn = Record<
  (typeof CASES)[number],
  new (
    origin: string | { uri: string; requestTls: object },
    options?: object,
  ) => {
    request(options: object): Promise<{ statusCode: number; body: { dump(): Promise<void> } }>;
    close(): Promise<void>;
  }
>;

const pem = selfSigned(["127.0.0.1"]);
let platform: Simulator;
let proxy: TestProxy;

beforeAll(async () => {
  platform = await startSimulator({ apiKeys: ["key"], tls: { key: pem.key, cert: pem.cert } });
  proxy = await startProxy();
});

afterAll(async () => {
  await Promise.all([platform.stop(), proxy.stop()]);
});

describe("what stands in for undici in the bundle", () => {
  test.each(CASES)("holds all that a call by %s needs", async (kind) => {
    const undici = (await import(MODULE)) as StandIn;
    const { origin, pathname } = new URL(platform.url);
    const tls = { ca: pem.cert };
    const dispatcher =
      kind === "Pool"
        ? new undici.Pool(origin, { connect: tls })
        : new undici.ProxyAgent({ uri: proxy.url, requestTls: tls });
    try {
      // An empty report is refused: that it is proves the way there and back.
      const answer = await dispatcher.request({ origin, path: pathname, method: "POST", body: "{}" });
      await answer.body.dump();
      expect(answer.statusCode).toBe(400);
    } finally {
      await dispatcher.close();
    }
    expect(proxy.tunnels).toHaveLength(kind === "Pool" ? 0 : 1);
  });
});
