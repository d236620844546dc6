import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { until } from "../../test/eventually.ts";
import type { Behaviour } from "../../test/platform/behaviour.ts";
import { selfSigned } from "../../test/platform/certificate.ts";
import { ManualClock } from "../../test/platform/manual-clock.ts";
import { startProxy } from "../../test/platform/proxy.ts";
import { startSimulator } from "../../test/platform/simulator.ts";
import type { Simulator } from "../../test/platform/simulator.ts";
import { createPlatformClient } from "./client.ts";
import type { ClientSettings, PlatformClient } from "./client.ts";
import type { Outcome } from "./outcome.ts";
import type { NodeReport } from "./wire.ts";

const KEY = "km_s3cr3t-KEY/with+signs=";
const REPORT: NodeReport = {
  is_docker: false,
  hostname: "node-1",
  platform: "linux",
  architecture: "amd64",
  agent_version: "1.2.0",
  collector_version: "v0.143.0",
  agent_status: "Running",
  collector_status: "Running",
  last_error_message: "",
};

const never = new AbortController().signal;
let simulator: Simulator;
let clock: ManualClock;
let clients: PlatformClient[];

beforeAll(async () => {
  simulator = await startSimulator({ apiKeys: [KEY] });
});
afterAll(() => simulator.stop());
beforeEach(() => {
  clock = new ManualClock();
  clients = [];
  simulator.clear();
  simulator.tell([]);
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
});

function client(settings: Partial<ClientSettings> = {}): PlatformClient {
  const made = createPlatformClient({
    endpoint: simulator.url,
    apiKey: KEY,
    version: "0.1.0",
    proxy: { httpsProxy: null, noProxy: null },
    caBundle: null,
    clock,
    ...settings,
  });
  clients.push(made);
  return made;
}

/** What an outcome may never show: the key in any spelling, and anything that the other side wrote. */
function expectNothingForeign(outcome: Outcome): void {
  const { message } = outcome;
  for (const spelling of [KEY, encodeURIComponent(KEY), Buffer.from(KEY).toString("base64")]) {
    expect(message).not.toContain(spelling);
  }
  expect(message).not.toContain("guest network");
  expect(message).not.toContain("the simulator was told");
}

describe("what the platform answers becomes an outcome", () => {
  const table: readonly [name: string, behaviour: Behaviour, expected: object][] = [
    ["200 with JSON is ok", { kind: "ok" }, { kind: "ok", answer: {} }],
    ["200 with fields gives them", { kind: "config", body: { a: 1 } }, { kind: "ok", answer: { a: 1 } }],
    ["200 with a list isn't the platform", { kind: "config", body: [1] }, { kind: "badAnswer" }],
    ["200 with null isn't the platform", { kind: "config", body: null }, { kind: "badAnswer" }],
    ["401 is a key that isn't taken", { kind: "status", code: 401 }, { kind: "unauthorized" }],
    ["403 is a key without the right", { kind: "status", code: 403 }, { kind: "forbidden" }],
    ["429 without a time", { kind: "status", code: 429 }, { kind: "throttled", retryAfterMs: null }],
    ["429 with seconds", { kind: "status", code: 429, retryAfter: "7" }, { kind: "throttled", retryAfterMs: 7_000 }],
    [
      "429 with a week is bounded to an hour",
      { kind: "status", code: 429, retryAfter: "604800" },
      { kind: "throttled", retryAfterMs: 3_600_000 },
    ],
    [
      "429 with a date long gone waits no time",
      { kind: "status", code: 429, retryAfter: "Wed, 21 Oct 2015 07:28:00 GMT" },
      { kind: "throttled", retryAfterMs: 0 },
    ],
    ["429 with nonsense", { kind: "status", code: 429, retryAfter: "soon" }, { kind: "throttled", retryAfterMs: null }],
    ["500 is the platform's fault", { kind: "status", code: 500 }, { kind: "serverError", retryAfterMs: null }],
    [
      "503 with seconds",
      { kind: "status", code: 503, retryAfter: "30" },
      { kind: "serverError", retryAfterMs: 30_000 },
    ],
    ["408 passes", { kind: "status", code: 408 }, { kind: "serverError" }],
    ["400 is a payload that isn't taken", { kind: "status", code: 400 }, { kind: "rejected" }],
    ["413 is one too", { kind: "status", code: 413 }, { kind: "rejected" }],
    ["404 is a wrong address", { kind: "status", code: 404 }, { kind: "badAnswer" }],
    ["201 isn't what the platform gives", { kind: "status", code: 201 }, { kind: "badAnswer" }],
    ["204 isn't either", { kind: "status", code: 204 }, { kind: "badAnswer" }],
    ["a login page isn't the platform", { kind: "garbage" }, { kind: "badAnswer" }],
    [
      "50 MB are not read",
      { kind: "huge" },
      { kind: "badAnswer", message: expect.stringContaining("used: it is longer than") },
    ],
    [
      "a gzip bomb is not unpacked",
      { kind: "bomb" },
      { kind: "badAnswer", message: expect.stringContaining("unpacked it is longer") },
    ],
    ["a closed socket is a reset", { kind: "close" }, { kind: "unreachable", fault: "reset" }],
    ["half an answer is a reset", { kind: "close", halfway: true }, { kind: "unreachable", fault: "reset" }],
  ];
  test.each(table)("%s", async (_name, behaviour, expected) => {
    simulator.tell(behaviour);
    const outcome = await client().post(REPORT, never);
    expect(outcome).toMatchObject(expected);
    expectNothingForeign(outcome);
  });

  test("a compressed answer is read", async () => {
    simulator.tell({ kind: "config", body: { a: 1 }, gzip: true });
    expect(await client().post(REPORT, never)).toMatchObject({ kind: "ok", answer: { a: 1 } });
  });

  test("a connection that was closed once is tried once more", async () => {
    simulator.tell({ kind: "close", times: 1 });
    expect(await client().post(REPORT, never)).toMatchObject({ kind: "ok" });
    expect(simulator.records()).toHaveLength(2);
  });

  test.each([301, 302, 307, 308])("a redirect (%i) is not followed, so the key goes nowhere else", async (code) => {
    const other = await startSimulator({ apiKeys: [KEY] });
    simulator.tell({ kind: "redirect", location: other.url, code });
    expect(await client().post(REPORT, never)).toMatchObject({ kind: "badAnswer" });
    expect(other.records()).toHaveLength(0);
    await other.stop();
  });

  test("what isn't HTTP isn't the platform", async () => {
    const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await client({ endpoint: `http://127.0.0.1:${port}/` }).post(REPORT, never)).toMatchObject({
      kind: "badAnswer",
    });
    server.close();
  });

  test("a port where nobody listens refuses", async () => {
    const gone = await startSimulator({ apiKeys: [] });
    await gone.stop();
    expect(await client({ endpoint: gone.url }).post(REPORT, never)).toMatchObject({
      kind: "unreachable",
      fault: "refused",
    });
  });
});

describe("no call takes longer than its deadline", () => {
  test.each<[string, Behaviour]>([
    ["silence", { kind: "silence" }],
    ["one byte a second", { kind: "trickle" }],
  ])("%s ends after 10 s, and the next call works on a new connection", async (_name, behaviour) => {
    simulator.tell({ ...behaviour, times: 1 });
    const caller = client();
    const outcome = caller.post(REPORT, never);
    await until(() => simulator.records().length === 1);
    await clock.advance(9_999);
    expect(await Promise.race([outcome, Promise.resolve("waiting")])).toBe("waiting");
    await clock.advance(1);
    expect(await outcome).toMatchObject({ kind: "unreachable", fault: "timeout" });
    expect(await caller.post(REPORT, never)).toMatchObject({ kind: "ok" });
  });

  test("stopping ends a call at once", async () => {
    simulator.tell({ kind: "silence" });
    const stopping = new AbortController();
    const outcome = client().post(REPORT, stopping.signal);
    await until(() => simulator.records().length === 1);
    stopping.abort();
    expect(await outcome).toMatchObject({ kind: "aborted" });
    expect(clock.pending).toBe(0);
  });
});

describe("the request keeps the contract", () => {
  test("nine fields, the key verbatim, no breach", async () => {
    expect(await client().post(REPORT, never)).toMatchObject({ kind: "ok" });
    expect(simulator.violations()).toEqual([]);
    expect(simulator.records()[0]).toMatchObject({ authorized: true, mode: "node", payload: REPORT });
  });

  test.each([
    ["a line break at its end", `${KEY}\n`],
    ["a line break inside", "a\r\nx-evil: 1"],
    ["nothing", ""],
    ["a letter beyond ASCII", "schlüssel"],
  ])("a key with %s is never sent", async (_name, apiKey) => {
    const outcome = await client({ apiKey }).post(REPORT, never);
    expect(outcome).toMatchObject({ kind: "unauthorized" });
    expectNothingForeign(outcome);
    expect(simulator.records()).toHaveLength(0);
  });
});

describe("TLS and proxy", () => {
  const pem = selfSigned(["platform.test", "127.0.0.1"]);
  let secure: Simulator;
  beforeAll(async () => {
    secure = await startSimulator({ apiKeys: [KEY], tls: pem });
  });
  afterAll(() => secure.stop());

  test("a certificate of an unknown authority is told as such", async () => {
    const outcome = await client({ endpoint: secure.url }).post(REPORT, never);
    expect(outcome).toMatchObject({ kind: "unreachable", fault: "tls" });
    expect(outcome.message).toContain("caBundleRef");
  });

  test("the CA bundle is trusted", async () => {
    expect(await client({ endpoint: secure.url, caBundle: pem.cert }).post(REPORT, never)).toMatchObject({
      kind: "ok",
    });
  });

  test("https goes through the proxy, and only there is the name resolved", async () => {
    const proxy = await startProxy({ hosts: { "platform.test": "127.0.0.1" } });
    const endpoint = secure.url.replace("127.0.0.1", "platform.test");
    const caller = client({ endpoint, caBundle: pem.cert, proxy: { httpsProxy: proxy.url, noProxy: "other.test" } });
    expect(await caller.post(REPORT, never)).toMatchObject({ kind: "ok" });
    expect(proxy.tunnels).toEqual([new URL(endpoint).host]);
    await caller.close();
    await proxy.stop();
  });

  test.each([403, 407, 502])("a proxy that answers %i is told as the proxy's fault", async (status) => {
    const proxy = await startProxy();
    proxy.answerWith(status);
    const endpoint = secure.url.replace("127.0.0.1", "platform.test");
    const caller = client({ endpoint, caBundle: pem.cert, proxy: { httpsProxy: proxy.url, noProxy: null } });
    const outcome = await caller.post(REPORT, never);
    expect(outcome).toMatchObject({ kind: "unreachable", fault: "proxy" });
    expect(outcome.message).toContain(`HTTP ${status}`);
    await proxy.stop();
  });

  test("noProxy leads past the proxy", async () => {
    const proxy = await startProxy();
    const endpoint = secure.url;
    const caller = client({ endpoint, caBundle: pem.cert, proxy: { httpsProxy: proxy.url, noProxy: "127.0.0.0/8" } });
    expect(await caller.post(REPORT, never)).toMatchObject({ kind: "ok" });
    expect(proxy.tunnels).toEqual([]);
    await proxy.stop();
  });
});
