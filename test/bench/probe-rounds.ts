import { systemClock } from "../../src/kube/clock.ts";
import { createProber } from "../../src/probe/prober.ts";
import type { ProbeTarget } from "../../src/probe/prober.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

/*
 * Probes 5,000 pods once and prints how long that took. `probes.ts` bundles this as the operator is bundled and runs it as the
 * image would, with the port of the collectors and how many in a hundred of them never answer.
 */

const PODS = 5_000;
const SETTINGS = { intervalMs: 3_600_000, timeoutMs: 2_000, failureThreshold: 3 };

async function probeAll(port: number, silentPercent: number) {
  const stop = new AbortController();
  const done = Promise.withResolvers<null>();
  const count = { ok: 0, timeout: 0 };
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const prober = createProber({
    clock: systemClock,
    signal: stop.signal,
    metrics: createMetrics({ operator: "bench" }),
    onResult: ({ observation: { outcome } }) => {
      if (outcome.kind !== "ok" && outcome.kind !== "timeout") done.reject(new Error(JSON.stringify(outcome)));
      count[outcome.kind === "ok" ? "ok" : "timeout"]++;
      if (count.ok + count.timeout === PODS) done.resolve(null);
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
    timedOut: count.timeout,
    wallSeconds: (performance.now() - startedAt) / 1_000,
    cpuSeconds: (user + system) / 1e6,
  };
}

const [port, silentPercent] = process.argv.slice(2).map(Number);
console.log(JSON.stringify(await probeAll(port ?? 0, silentPercent ?? 0)));
