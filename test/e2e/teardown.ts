import { removeCluster } from "../cluster/provider.ts";

/** After all tests: takes their cluster down; `KEEP=1` leaves it up for a look, and for the next run. */
export default async function teardown(): Promise<void> {
  if (process.env["KEEP"] !== "1") await removeCluster(AbortSignal.timeout(120_000));
}
