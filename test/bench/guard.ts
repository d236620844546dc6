import { median } from "./figures.ts";
import type { Figure } from "./figures.ts";
import { withBundle } from "./shipped.ts";

/** Processes for each kind of document: each gives one first time. */
const PROCESSES = 5;
const BUDGET_MS = 50;

/** What judging a configuration of the longest size costs: as the platform sends it, and as it is read again from a ConfigMap. */
export async function measureGuard(): Promise<Figure[]> {
  return await withBundle("guard-rounds.ts", async (run) => {
    const measure = async (kind: string, named: (size: string) => string): Promise<Figure[]> => {
      const runs: { readonly bytes: number; readonly times: readonly number[] }[] = [];
      for (let i = 0; i < PROCESSES; i++) runs.push(JSON.parse(await run(kind)) as (typeof runs)[number]);
      const what = named(`${Math.round((runs[0]?.bytes ?? 0) / 1_024)} KiB`);
      const often = median(runs.map(({ times }) => median(times)));
      const first = median(runs.map(({ times }) => times[0] ?? Number.NaN));
      return [
        { what, measured: often, budget: BUDGET_MS, unit: "ms CPU" },
        { what: `${what}, the first in a process`, measured: first, budget: BUDGET_MS, unit: "ms CPU" },
      ];
    };
    return [
      ...(await measure("json", (size) => `guard: ${size} of JSON judged`)),
      ...(await measure("hostile", (size) => `guard: ${size} of JSON in which everything is wrong`)),
      ...(await measure("yaml", (size) => `guard: ${size} of YAML read and judged`)),
    ];
  });
}
