import { afterEach, describe, expect, it } from "@jest/globals";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Clock } from "../api/clock.ts";
import { createAttempt } from "./attempt.ts";

const real: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const open: { servers: Server[]; sockets: Set<Socket> } = { servers: [], sockets: new Set() };
afterEach(async () => {
  for (const socket of open.sockets) socket.destroy();
  open.sockets.clear();
  await Promise.all(open.servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

/** A server that does `behave` with each connection; gives its port. */
async function listen(behave: (socket: Socket) => void, host = "127.0.0.1"): Promise<number> {
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    open.sockets.add(socket.on("error", () => undefined));
    behave(socket);
  });
  open.servers.push(server);
  await new Promise<void>((done, failed) => server.once("error", failed).listen(0, host, done));
  return (server.address() as AddressInfo).port;
}

const never = new AbortController().signal;
const attempt = (port: number, timeoutMs = 5_000, signal = never, ip = "127.0.0.1", clock = real) =>
  createAttempt(clock)({ ip, port }, timeoutMs, signal);

/** A clock whose timers fire at once, after `elapsed` milliseconds have passed by its own reckoning. */
const hurried = (elapsed: number): Clock => {
  let time = 0;
  return {
    now: () => time,
    wallNow: () => 0,
    after: (_, run) => {
      const timer = setImmediate(() => {
        time += elapsed;
        run();
      });
      return () => clearImmediate(timer);
    },
  };
};

describe("an attempt", () => {
  it("asks as HTTP/1.0 for /, naming host and port, and closes", async () => {
    let asked = "";
    const closed = Promise.withResolvers<undefined>();
    const port = await listen((socket) => {
      socket.once("data", (data) => {
        asked = data.toString();
        socket.write("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
      socket.once("close", () => closed.resolve(undefined));
    });
    expect(await attempt(port)).toEqual({ outcome: { kind: "ok", upSince: null } });
    await closed.promise;
    expect(asked.split("\r\n").slice(0, 2)).toEqual(["GET / HTTP/1.0", `Host: 127.0.0.1:${port}`]);
    expect(asked).toMatch(/\r\nConnection: close\r\n\r\n$/);
  });

  it("puts IPv6 into brackets", async () => {
    let asked = "";
    const port = await listen((socket) => {
      socket.once("data", (data) => {
        asked = data.toString();
        socket.end("HTTP/1.0 200 OK\r\n\r\n");
      });
    }, "::1");
    expect(await attempt(port, 5_000, never, "::1")).toEqual({ outcome: { kind: "ok", upSince: null } });
    expect(asked).toContain(`Host: [::1]:${port}\r\n`);
  });

  it("to a port where nobody listens is refused", async () => {
    const port = await listen(() => undefined);
    await new Promise((done) => open.servers.pop()?.close(done));
    expect(await attempt(port)).toEqual({ outcome: { kind: "refused" } });
  });

  it("that is reset is unreachable", async () => {
    const port = await listen((socket) => socket.resetAndDestroy());
    expect(await attempt(port)).toMatchObject({ outcome: { kind: "unreachable" } });
  });

  it("that is closed without an answer is unreachable", async () => {
    const port = await listen((socket) => socket.once("data", () => socket.end()));
    expect(await attempt(port)).toEqual({
      outcome: { kind: "unreachable", detail: "the connection was closed without an answer" },
    });
  });

  it("stops reading at its bound, whatever comes", async () => {
    let sent = 0;
    const port = await listen((socket) => {
      const piece = Buffer.alloc(65_536, "x");
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const more = () => {
        while (!socket.destroyed && socket.write(piece)) sent += piece.length;
      };
      socket.on("drain", more);
      more();
    });
    expect(await attempt(port)).toEqual({ outcome: { kind: "tooLarge" } });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it("without an answer in time is a timeout", async () => {
    const port = await listen(() => undefined);
    expect(await attempt(port, 2_000, never, "127.0.0.1", hurried(2_001))).toEqual({ outcome: { kind: "timeout" } });
  });

  it("whose timer comes far too late says that the operator itself stood still", async () => {
    const port = await listen(() => undefined);
    expect(await attempt(port, 2_000, never, "127.0.0.1", hurried(30_000))).toEqual({
      ours: "the operator itself was stopped",
    });
  });

  it("that is aborted, before or while under way, says nothing about the collector", async () => {
    const stop = new AbortController();
    const port = await listen(() => stop.abort());
    expect(await attempt(port, 5_000, stop.signal)).toEqual({ ours: "stopping" });
    expect(await attempt(port, 5_000, stop.signal)).toEqual({ ours: "stopping" });
  });

  it("follows no redirect", async () => {
    let followed = false;
    const other = await listen(() => (followed = true));
    const port = await listen((socket) =>
      socket.end(`HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:${other}/\r\n\r\n`),
    );
    expect(await attempt(port)).toEqual({ outcome: { kind: "redirect", code: 302 } });
    expect(followed).toBe(false);
  });
});
