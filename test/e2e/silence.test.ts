import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "../eventually.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, SOAK } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * An operator, as the chart runs it, that has nothing to do: everything is healthy, and the platform takes every report.
 */

const NAMESPACE = "silence";
const SILENT_MS = SOAK ? 600_000 : 45_000;
/** How long everything must have been well before silence is asked for, so that the last transitions are told. */
const SETTLED_MS = 15_000;

let world: World;
let operator: Installation;

beforeAll(async () => {
  world = await enterWorld(SILENT_MS + 900_000);
  operator = await install(world, { namespace: NAMESPACE });
  await operator.applyKmAgent();
  await operator.waitHealthy(240_000);
  await operator.waitFor("Ready", "True", 60_000);
  await operator.waitFor("PlatformConnected", "True", 60_000);
  await operator.waitFor("ClusterAgentAvailable", "True", 120_000);
  await operator.waitFor("TelemetryFlowing", "True", 120_000);
}, 400_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

const WRITING = new Set(["create", "update", "patch", "delete", "deletecollection"]);

test(
  "with nothing to do, the operator writes nothing but its lease",
  async () => {
    let version = "";
    let since = Date.now();
    await eventually(
      "the KmAgent's status has come to rest",
      async () => {
        const now = (await operator.kmagent())?.metadata.resourceVersion ?? "";
        if (now !== version) since = Date.now();
        version = now;
        return Date.now() - since >= SETTLED_MS ? true : undefined;
      },
      { withinMs: 180_000, everyMs: 2_000 },
    );
    const began = new Date();
    await new Promise((resolve) => setTimeout(resolve, SILENT_MS));
    const counts = { lease: 0, reads: 0 };
    const writes: string[] = [];
    for await (const { user, verb, objectRef, requestURI } of world.cluster.auditEvents(began, world.signal)) {
      if (user.username !== `system:serviceaccount:${NAMESPACE}:${NAMESPACE}-kmagent-operator`) continue;
      if (!WRITING.has(verb)) counts.reads++;
      else if (objectRef?.resource === "leases") counts.lease++;
      else writes.push(`${verb} ${requestURI}`);
    }
    report("silence", { forMs: Date.now() - began.getTime(), ...counts, writes: writes.length });
    expect(writes).toEqual([]);
    // Otherwise the log tells of somebody else, or of nobody.
    expect(counts.lease).toBeGreaterThan(SILENT_MS / 10_000);
    // Watches are opened anew now and then; nothing is polled.
    expect(counts.reads).toBeLessThan(20 + SILENT_MS / 10_000);
  },
  SILENT_MS + 300_000,
);
