import { TestEnvironment } from "jest-environment-node";
import { clusterOfWorker } from "./workers.ts";

const asked = process.env["KM_CLUSTER"] ?? "";

/** Gives each of jest's workers a cluster of its own, and each file of tests one that is sound, whatever the file before it left. */
export default class ClusterEnvironment extends TestEnvironment {
  constructor(...args: ConstructorParameters<typeof TestEnvironment>) {
    // Before the base class copies the environment for the tests.
    process.env["KM_CLUSTER"] = clusterOfWorker(asked, Number(process.env["JEST_WORKER_ID"]));
    super(...args);
  }

  override async setup(): Promise<void> {
    await super.setup();
    const { prepareWorld } = await import("./prepare.ts");
    await prepareWorld();
    this.global.process.env["KUBECONFIG"] = process.env["KUBECONFIG"];
  }
}
