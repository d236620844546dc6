import { prepareWorld } from "./prepare.ts";

/** Before all tests of the cluster: builds what they need and brings up the first worker's cluster; the others find all of it built. */
export default async function setup(): Promise<void> {
  await prepareWorld();
}
