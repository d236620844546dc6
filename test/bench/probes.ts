import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Figure } from "./figures.ts";
import { withBundle } from "./shipped.ts";

/** What 5,000 first probes took: the CPU time is the prober's alone, for the collectors are another process. */
interface ProbeFigures {
  readonly timedOut: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

/** Probes 5,000 healthy pods, then 5,000 of which every twentieth never answers. */
export async function measureProbes(say: (line: string) => void): Promise<Figure[]> {
  const listener = spawn(process.execPath, [join(import.meta.dirname, "probe-listener.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const port = await new Promise<string>((resolve, reject) => {
      listener.once("error", reject).once("exit", () => reject(new Error("the listener ended")));
      listener.stdout.once("data", (line: Buffer) => resolve(line.toString().trim()));
    });
    return await withBundle("probe-rounds.ts", async (run) => {
      const figures: Figure[] = [];
      for (const silent of [0, 5]) {
        say(`5,000 probes, ${silent} % of them black holes`);
        const { wallSeconds, cpuSeconds, timedOut } = JSON.parse(await run(port, String(silent))) as ProbeFigures;
        const what = silent === 0 ? "5,000 probes, all healthy" : "5,000 probes, 5 % black holes";
        figures.push(
          { what, measured: wallSeconds, budget: silent === 0 ? 10 : 20, unit: "s", note: `${timedOut} timed out` },
          { what: `${what}: CPU`, measured: cpuSeconds, budget: 3, unit: "s" },
        );
      }
      return figures;
    });
  } finally {
    listener.stdin.end();
  }
}
