import { join } from "node:path";
import process from "node:process";
import { ensureTools, toolPath } from "./build.ts";
import { run } from "./command.ts";
import { runUntilInterrupted } from "./interrupt.ts";

/*
 * make manifest: what the chart installs as one file for `kubectl apply -f -`, the Namespace and the CRD included.
 *
 *   node test/cluster/manifest.ts NAMESPACE [further arguments of `helm template`, such as --set logLevel=debug]
 */

const CHART = join(import.meta.dirname, "../../helm/kmagent-operator");

await runUntilInterrupted(async (signal) => {
  const [namespace, ...further] = process.argv.slice(2);
  if (namespace === undefined) throw new Error("name a namespace: node test/cluster/manifest.ts NAMESPACE");
  await ensureTools(["helm"], signal);
  const release = ["template", "kmagent-operator", CHART, "--namespace", namespace, "--set", "namespace.create=true"];
  const { stdout } = await run([toolPath("helm"), ...release, ...further], signal, { maxBytes: 16 * 1024 * 1024 });
  process.stdout.write(stdout);
});
