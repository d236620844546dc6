import { removeCluster } from "../cluster/provider.ts";
import { clusterOfWorker, WORKERS } from "./workers.ts";

/** After all tests: takes the workers' clusters down; `KEEP=1` leaves them up for a look, and for the next run. */
export default async function teardown(): Promise<void> {
  if (process.env["KEEP"] === "1") return;
  const asked = process.env["KM_CLUSTER"] ?? "";
  for (let worker = 1; worker <= WORKERS; worker++) {
    process.env["KM_CLUSTER"] = clusterOfWorker(asked, worker);
    await removeCluster(AbortSignal.timeout(120_000));
  }
}
