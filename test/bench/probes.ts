import { spawn } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "../../src/kube/clock.ts";
import { createProber } from "../../src/probe/prober.ts";
import type { ProbeTarget } from "../../src/probe/prober.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import type { Figure } from "./figures.ts";

/** What 5,000 first probes took: the CPU time is the prober's alone, for the collectors are another process. */
interface ProbeFigures {
  readonly answered: number;
  readonly timedOut: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

const PODS = 5_000;
const SETTINGS = { intervalMs: 3_600_000, timeoutMs: 2_000, failureThreshold: 3 };

/** Probes 5,000 pods once, of which `silentPercent` never answer. Budgets: 10 s, with 5 % silent ones 20 s, and 3 CPU-seconds. */
async function measureProbes(silentPercent: number): Promise<ProbeFigures> {
  const listener = spawn(process.execPath, [join(import.meta.dirname, "probe-listener.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      listener.once("error", reject).once("exit", () => reject(new Error("the listener ended")));
      listener.stdout.once("data", (line: Buffer) => resolve(Number(line.toString())));
    });
    return await probeAll(port, silentPercent);
  } finally {
    listener.stdin.end();
  }
}

async function probeAll(port: number, silentPercent: number): Promise<ProbeFigures> {
  const stop = new AbortController();
  const done = Promise.withResolvers<null>();
  const count = { ok: 0, other: 0 };
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const prober = createProber({
    clock: systemClock,
    signal: stop.signal,
    metrics: createMetrics({ operator: "bench" }),
    onResult: ({ observation }) => {
      count[observation.outcome.kind === "ok" ? "ok" : "other"]++;
      if (count.ok + count.other === PODS) done.resolve(null);
    },
  });
  const targets = Array.from({ length: PODS }, (_, i): ProbeTarget => {
    const ip = `127.${i % 100 < silentPercent ? 2 : 1}.${i >> 8}.${i & 255}`;
    return { node: `worker-${i}`, podUid: `pod-${i}`, ip, port };
  });
  prober.setTargets("bench", targets, SETTINGS);
  await done.promise;
  stop.abort();
  const { user, system } = process.cpuUsage(cpu);
  return {
    answered: count.ok,
    timedOut: count.other,
    wallSeconds: (performance.now() - startedAt) / 1_000,
    cpuSeconds: (user + system) / 1e6,
  };
}

/** Probes 5,000 healthy pods, then 5,000 of which every twentieth never answers. */
export async function measureAllProbes(say: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const silent of [0, 5]) {
    say(`5,000 probes, ${silent} % of them black holes`);
    const { wallSeconds, cpuSeconds, timedOut } = await measureProbes(silent);
    const what = silent === 0 ? "5,000 probes, all healthy" : "5,000 probes, 5 % black holes";
    figures.push(
      { what, measured: wallSeconds, budget: silent === 0 ? 10 : 20, unit: "s", note: `${timedOut} timed out` },
      { what: `${what}: CPU`, measured: cpuSeconds, budget: 3, unit: "s" },
    );
  }
  return figures;
}
