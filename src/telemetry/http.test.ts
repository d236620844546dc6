import { afterEach, describe, expect, it } from "@jest/globals";
import { request } from "node:http";
import { connect } from "node:net";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { nodesRoute, operatorRoutes, parseAddress, serveHttp } from "./http.ts";
import type { HttpRoute, HttpServer } from "./http.ts";

const log = createLog({ level: "error", mask: (text) => text, write: () => undefined });
const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(routes: Readonly<Record<string, HttpRoute>>, signal = new AbortController().signal) {
  const server = await serveHttp({ address: "127.0.0.1:0", routes, log }, signal);
  servers.push(server);
  return server;
}

const ask = (port: number, path: string, method = "GET") =>
  new Promise<{ status: number; type: string; body: string }>((resolve, reject) => {
    request({ port, path, method, host: "127.0.0.1", agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (piece: string) => (body += piece));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body }),
      );
      response.on("error", reject);
    })
      .on("error", reject)
      .end();
  });

describe("the operator's routes", () => {
  const routes = (ready: string | null, alive: string | null = null) =>
    operatorRoutes({ alive: () => alive, ready: () => ready, metrics: createMetrics({ operator: "1" }) });

  it("say ok while nothing is wrong", async () => {
    const { port } = await start(routes(null));
    expect(await ask(port, "/healthz")).toMatchObject({ status: 200, body: "ok\n" });
    expect(await ask(port, "/readyz?verbose")).toMatchObject({ status: 200, body: "ok\n" });
  });

  it("say what is wrong", async () => {
    const { port } = await start(routes("nodes aren't listed yet", "the event loop is stuck"));
    expect(await ask(port, "/readyz")).toMatchObject({ status: 503, body: "nodes aren't listed yet\n" });
    expect(await ask(port, "/healthz")).toMatchObject({ status: 503, body: "the event loop is stuck\n" });
  });

  it("give metrics in Prometheus' format", async () => {
    const { port } = await start(routes(null));
    const answer = await ask(port, "/metrics");
    expect(answer.type).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain("kmagent_operator_build_info");
  });

  it("answer 404 with what there is", async () => {
    const { port } = await start(routes(null));
    expect(await ask(port, "/nope")).toMatchObject({ status: 404, body: "there is /healthz, /readyz, /metrics\n" });
    expect((await ask(port, "//etc")).status).toBe(404);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuse %s", async (method) => {
    const { port } = await start(routes(null));
    expect((await ask(port, "/healthz", method)).status).toBe(405);
  });

  it("answer HEAD without a body", async () => {
    const { port } = await start(routes(null));
    expect(await ask(port, "/healthz", "HEAD")).toMatchObject({ status: 200, body: "" });
  });
});

describe("/nodes", () => {
  const many = Array.from({ length: 5_000 }, (_, i) => ({
    node: `worker-${i}`,
    agent: "Running",
    message: "x".repeat(200),
  }));

  it("gives every node, in valid JSON, one a line", async () => {
    const { port } = await start({ "/nodes": nodesRoute(() => many) });
    const { body, type } = await ask(port, "/nodes");
    expect(type).toBe("application/json");
    expect(JSON.parse(body)).toEqual({ nodes: many });
    expect(body.split("\n")).toHaveLength(5_003);
  });

  it("gives one node by its name", async () => {
    const { port } = await start({ "/nodes": nodesRoute(() => many) });
    expect(JSON.parse((await ask(port, "/nodes?name=worker-7")).body)).toEqual({ nodes: [many[7]] });
  });

  it.each([
    ["no node is there", [] as { node: string }[], 200, '{"nodes":[]}\n'],
    ["nothing is known yet", null, 503, "nothing is known yet\n"],
  ])("where %s says so", async (_, nodes, status, body) => {
    const { port } = await start({ "/nodes": nodesRoute(() => nodes) });
    expect(await ask(port, "/nodes")).toMatchObject({ status, body });
  });
});

describe("the server", () => {
  it("closes the connection of a route that fails, and goes on", async () => {
    const failing = () => {
      throw new Error("broken");
    };
    const { port } = await start({
      "/bad": failing,
      "/good": () => ({ status: 200, contentType: "text/plain", body: "ok" }),
    });
    await expect(ask(port, "/bad")).rejects.toThrow();
    expect((await ask(port, "/good")).status).toBe(200);
  });

  it("frees its port when it is told to stop, whoever is still connected", async () => {
    const stop = new AbortController();
    const server = await start({}, stop.signal);
    const lingering = connect(server.port, "127.0.0.1");
    await new Promise((resolve) => lingering.once("connect", resolve));
    const closed = new Promise((resolve) => lingering.once("close", resolve));
    lingering.on("error", () => undefined).resume();
    stop.abort();
    await closed;
    await server.close();
    await expect(ask(server.port, "/")).rejects.toThrow();
  });

  it("says so where the address is taken", async () => {
    const { port } = await start({});
    const second = serveHttp({ address: `127.0.0.1:${port}`, routes: {}, log }, new AbortController().signal);
    await expect(second).rejects.toMatchObject({ code: "Unavailable", message: `can't listen on 127.0.0.1:${port}` });
  });
});

describe("an address", () => {
  it.each([
    [":8080", "", 8080],
    ["127.0.0.1:8081", "127.0.0.1", 8081],
    ["[::1]:0", "::1", 0],
    ["localhost:65535", "localhost", 65535],
  ])("%s is understood", (address, host, port) => expect(parseAddress(address)).toEqual({ host, port }));

  it.each(["8080", "", "a:b", "::1:80", "host:65536", "host:", "http://a:80"])("%p is refused", (address) =>
    expect(() => parseAddress(address)).toThrow("host:port"),
  );
});
