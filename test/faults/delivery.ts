import { METRICS_PORT } from "../../src/config/defaults/building-blocks.ts";
import { eventually } from "../eventually.ts";
import type { Installation, World } from "../installation/world.ts";
import type { AgentPod } from "./ground.ts";

/** What became of the metrics that one collector has collected since its start. */
export interface Delivery {
  /** Data points that its receivers handed on. */
  readonly accepted: number;
  /** Data points that it couldn't collect, refused, dropped or gave up. */
  readonly lost: number;
  /** Data points of this pod that the sink has. */
  readonly arrived: number;
  /** The longest time in which the sink got nothing from it, milliseconds; the present silence counts too. */
  readonly longestGapMs: number;
}

const ACCEPTED = ["receiver_accepted"];
const LOST = [
  "scraper_errored",
  "receiver_refused",
  "processor_refused",
  "exporter_send_failed",
  "exporter_enqueue_failed",
];

/** Compares a collector's own counters with what the sink has of its pod, once everything that it had accepted has arrived. */
export async function deliveryOf(world: World, { platform }: Installation, pod: AgentPod): Promise<Delivery> {
  const { name } = pod.metadata;
  const page = await countersOf(world, pod);
  const [accepted, lost] = [sumOf(page, ACCEPTED), sumOf(page, LOST)];
  return await eventually(
    `the sink has the ${accepted} data points that ${name} had accepted`,
    async () => {
      const { items = 0, longestGapMs = 0, lastAt = 0 } = (await platform.otlpCounts()).byPod[name] ?? {};
      if (items < accepted - lost)
        throw new Error(`it has ${items}, and ${lost} were lost by the collector's own counters`);
      return { accepted, lost, arrived: items, longestGapMs: Math.max(longestGapMs, Date.now() - lastAt) };
    },
    { withinMs: 60_000 },
  );
}

async function countersOf({ cluster, signal }: World, { spec, status }: AgentPod): Promise<string> {
  const url = `http://${status.podIP ?? ""}:${METRICS_PORT}/metrics`;
  return (await cluster.exec(spec.nodeName ?? "", ["curl", "-sSf", "--max-time", "10", url], signal)).stdout;
}

/** Sum of a page's counters of data points that are called so, over all their labels. */
function sumOf(page: string, names: readonly string[]): number {
  const counter = new RegExp(`^otelcol_(?:${names.join("|")})_metric_points(?:_total)?(?:\\{.*\\})? (\\S+)$`, "gm");
  return [...page.matchAll(counter)].reduce((sum, [, value]) => sum + Number(value), 0);
}
