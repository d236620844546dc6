import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { eventually } from "../eventually.ts";

/*
 * `unshare --net --mount --propagation private node witness.ts OTELCOL CONFIG MILLISECONDS`: runs a collector where every address
 * of the world is this machine's own, gives it telemetry, and prints which names it looked up and whom it connected to.
 */

/** What was seen of one collector. */
export interface Witnessed {
  /** Names that it asked for. */
  readonly names: readonly string[];
  /** `address:port` of every connection and datagram, answered or not. */
  readonly connections: readonly string[];
  /** Its exit code while it was watched; null where it ran on. */
  readonly exitCode: number | null;
  /** The end of its log. */
  readonly log: string;
}

/** Where every name leads here: an address of documentation (RFC 5737). */
export const ANSWER = "203.0.113.7";

/** Where nobody but the test itself sends anything, to see that it is seen: addresses of documentation (RFC 5737, RFC 3849). */
const SENTINELS = [
  { family: "udp4", address: "198.51.100.1" },
  { family: "udp6", address: "2001:db8::1" },
] as const;
/** Ports of the sentinels: what is seen between the two is all that there was. */
const BEGIN = 1_001;
const END = 1_002;

const [otelcol = "", config = "", milliseconds = "4000"] = process.argv.slice(2);

function prepare(): void {
  for (const command of [
    "mount -t tmpfs own /var/lib",
    "mount -t tmpfs own /var/log",
    "ip link set lo up",
    // Whatever the address, a packet to it comes back here, so that an attempt is seen.
    "ip route add local default dev lo",
    "ip -6 route add local ::/0 dev lo",
    // Connections are tracked once a rule asks for it.
    "iptables -A OUTPUT -m conntrack --ctstate NEW -j ACCEPT",
    "ip6tables -A OUTPUT -m conntrack --ctstate NEW -j ACCEPT",
    // Nobody answers but to the test itself: a collector that sent to an address of the world would receive it again, without end.
    "iptables -A INPUT -p tcp ! -d 127.0.0.0/8 -j REJECT --reject-with tcp-reset",
    "ip6tables -A INPUT -p tcp ! -d ::1/128 -j REJECT --reject-with tcp-reset",
  ]) {
    const [file = "", ...rest] = command.split(" ");
    execFileSync(file, rest);
  }
  mkdirSync("/var/lib/kmagent");
  mkdirSync("/var/log/pods/shop_web_1/web", { recursive: true });
  writeFileSync("/var/lib/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1\n");
  writeFileSync("/var/lib/hosts", "127.0.0.1 localhost\n::1 localhost\n");
  for (const name of ["resolv.conf", "hosts"]) execFileSync("mount", ["--bind", `/var/lib/${name}`, `/etc/${name}`]);
}

/** Answers every question for an address of IPv4, and notes the name. */
async function nameServer(names: Set<string>): Promise<() => void> {
  const socket = createSocket("udp4");
  socket.on("message", (question, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.subarray(at + 1, at + 1 + length).toString("latin1"));
      at += length + 1;
    }
    names.add(labels.join(".").toLowerCase());
    const asksForIpv4 = question.readUInt16BE(at + 1) === 1;
    const header = Buffer.from([...question.subarray(0, 2), 0x81, 0x80, 0, 1, 0, asksForIpv4 ? 1 : 0, 0, 0, 0, 0]);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...ANSWER.split(".").map(Number)]);
    const answer = [header, question.subarray(12, at + 5), ...(asksForIpv4 ? [record] : [])];
    socket.send(Buffer.concat(answer), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, "127.0.0.1", resolve));
  return () => socket.close();
}

const TELEMETRY: Readonly<Record<string, unknown>> = {
  logs: { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "hello" } }] }] }] },
  traces: {
    resourceSpans: [
      {
        scopeSpans: [
          { spans: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "x" }] },
        ],
      },
    ],
  },
  metrics: {
    resourceMetrics: [
      { scopeMetrics: [{ metrics: [{ name: "m", gauge: { dataPoints: [{ asInt: "1", timeUnixNano: "1" }] } }] }] },
    ],
  },
};

/** Gives the collector something to send, by each of its receivers. */
async function feed(until: number): Promise<void> {
  while (Date.now() < until) {
    appendFileSync("/var/log/pods/shop_web_1/web/0.log", "2026-01-01T00:00:00.000000000Z stdout F hello\n");
    for (const [signal, body] of Object.entries(TELEMETRY)) {
      const signalUntil = AbortSignal.timeout(500);
      const headers = { "content-type": "application/json" };
      const request = { method: "POST", headers, body: JSON.stringify(body), signal: signalUntil };
      // Nobody listens before the collector has started, or where it has no receiver of OTLP.
      await fetch(`http://127.0.0.1:4318/v1/${signal}`, request)
        .then((response) => response.body?.cancel())
        .catch(() => undefined);
    }
    await wait(200);
  }
}

/** The kernel's own word of new connections, from when it is listened to until it is stopped. */
class ConnectionTracker {
  readonly #child = spawn("conntrack", ["-E", "-e", "NEW"], { stdio: ["ignore", "pipe", "pipe"] });
  #flows = "";
  #complaints = "";

  constructor() {
    this.#child.stdout.on("data", (part: Buffer) => (this.#flows += part.toString()));
    this.#child.stderr.on("data", (part: Buffer) => (this.#complaints += part.toString()));
  }

  /** `address:port` of every connection and datagram so far. */
  connections(): Set<string> {
    // The last line may be half there.
    const lines = this.#flows.split("\n").slice(0, -1);
    return new Set(
      lines.flatMap((line) => {
        const [, address, port] = /dst=(\S+) .*?dport=(\d+)/.exec(line) ?? [];
        return address === undefined ? [] : [`${address}:${port ?? ""}`];
      }),
    );
  }

  /** Knocks at the sentinels until that is seen: what came before is seen then too. @throws Error where the tracker has ended or lost something. */
  async seesAll(port: number): Promise<void> {
    const isAlive = await eventually(
      "conntrack tells of the test's own datagrams",
      async () => {
        if (this.#child.exitCode !== null || this.#child.signalCode !== null) return false;
        const seen = this.connections();
        const unseen = SENTINELS.filter(({ address }) => !seen.has(`${address}:${port}`));
        // Each time from another port: a datagram of a connection that is known makes no event.
        for (const { family, address } of unseen) await knock(family, address, port);
        return unseen.length === 0 || undefined;
      },
      { withinMs: 10_000, everyMs: 20 },
    );
    // It goes on where the kernel had more to tell than there was room for.
    if (!isAlive || this.#complaints !== "") throw new Error(`conntrack doesn't tell all: ${this.#complaints}`);
  }

  stop(): void {
    this.#child.kill();
  }
}

async function knock(family: "udp4" | "udp6", address: string, port: number): Promise<void> {
  const socket = createSocket(family);
  await new Promise<void>((resolve, reject) => {
    socket.send("", port, address, (error) => (error ? reject(error) : resolve()));
  });
  socket.close();
}

async function witness(): Promise<Witnessed> {
  prepare();
  const names = new Set<string>();
  const close = await nameServer(names);
  const tracker = new ConnectionTracker();
  await tracker.seesAll(BEGIN);
  let log = "";
  const collector = spawn(otelcol, ["--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  collector.stderr.on("data", (part: Buffer) => (log = (log + part.toString()).slice(-4_000)));
  const ended = new Promise((resolve) => collector.once("exit", resolve));
  await feed(Date.now() + Number(milliseconds));
  const { exitCode } = collector;
  collector.kill("SIGKILL");
  await ended;
  await tracker.seesAll(END);
  const connections = tracker.connections();
  tracker.stop();
  close();
  for (const { address } of SENTINELS) for (const port of [BEGIN, END]) connections.delete(`${address}:${port}`);
  return { names: [...names].sort(), connections: [...connections].sort(), exitCode, log };
}

if (import.meta.main) process.stdout.write(JSON.stringify(await witness()));
