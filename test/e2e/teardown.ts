import { removeCluster } from "../cluster/provider.ts";

/** After all tests: takes the cluster down on CI, where nobody looks at it, and leaves it up for a person. */
export default async function teardown(): Promise<void> {
  if (process.env["CI"] === "true") await removeCluster(AbortSignal.timeout(120_000));
}
