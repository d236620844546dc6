import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { rootSchema } from "../../../src/api/crd.ts";
import { KmAgentSpec } from "../../../src/api/kmagent.ts";
import { ACCEPTED } from "./accepted.ts";
import { BASES, changed } from "./documents.ts";
import { REFUSED } from "./refused.ts";
import { AdmissionServer, released } from "./server.ts";
import { fullStatus } from "./status-document.ts";
import { breaches, rulesOf, unfilled } from "./sweep.ts";

/*
 * What the real API server makes of KmAgents: which ones it refuses, with which field in its answer, and what it stores of
 * those that it takes.
 */

const stopping = new AbortController();
const { signal } = stopping;
let server: AdmissionServer;

beforeAll(async () => {
  server = await AdmissionServer.start("admission", released, signal);
}, 60_000);

afterAll(async () => {
  await server.stop(signal);
  stopping.abort();
}, 60_000);

test("the API server takes the released definition, with all its rules within the limit on their cost", async () => {
  expect(await server.judgeReleased(signal)).toMatchObject({ taken: true });
});

describe("the API server refuses", () => {
  test.each(REFUSED)("$name", async ({ from, at, to, field, says }) => {
    const answer = await server.judge(changed(BASES[from], at, to), signal);
    if (answer.taken) throw new Error(`taken, though ${at} is ${JSON.stringify(to)}`);
    // A field that is unknown is refused before the object is one, with its path in the sentence.
    const named =
      answer.causes.length > 0
        ? answer.causes.map(({ field: path }) => path)
        : [/"([^"]+)"$/.exec(answer.message)?.[1]];
    expect({ message: answer.message, named }).toMatchObject({
      message: expect.stringContaining(says ?? ""),
      named: expect.arrayContaining([field]),
    });
  });

  test("something by each rule that the definition holds", () => {
    const unused = rulesOf(rootSchema()).filter(
      ({ message }) => !REFUSED.some(({ says }) => says !== undefined && message.includes(says)),
    );
    expect(unused).toEqual([]);
  });

  const everyBreach = breaches(BASES.everything);

  test("something wrong at every field of the spec, for the largest document fills them all", () => {
    expect(unfilled(BASES.everything)).toEqual([]);
    expect(everyBreach.length).toBeGreaterThan(150);
  });

  test.each(everyBreach)("$name", async ({ at, to }) => {
    const answer = await server.judge(changed(BASES.everything, at, to), signal);
    if (answer.taken) throw new Error("taken");
    const place = at.replace(/^(spec\..*\.(?:requests|limits))\.(\w+)$/, "$1[$2]");
    expect(answer.causes.some(({ field }) => field === place || field.startsWith(`${place}[`))).toBe(true);
  });
});

describe("the API server takes, and fills in as the code does,", () => {
  test.each(Object.entries(BASES))("the document that others differ from: %s", async (_, document) => {
    const answer = await server.judge(document, signal);
    expect(answer).toMatchObject({ taken: true });
    expect(answer.taken && answer.object["spec"]).toEqual(KmAgentSpec.parse(document.spec));
  });

  test.each(ACCEPTED)("$name", async ({ from, at, to }) => {
    const document = changed(BASES[from], at, to);
    const answer = await server.judge(document, signal);
    expect(answer).toMatchObject({ taken: true });
    expect(answer.taken && answer.object["spec"]).toEqual(KmAgentSpec.parse(document["spec"]));
  });

  test("any part of the largest document", async () => {
    const { clusterName, apiKeySecretRef, distribution, components, caBundleRef, ...optional } = BASES.everything.spec;
    const required = { clusterName, apiKeySecretRef, distribution, components };
    const parts = Object.entries(optional).flatMap(([name, value]) =>
      typeof value === "object" ? Object.entries(value).map(([inner, of]) => [name, inner, of] as const) : [],
    );
    await fc.assert(
      fc.asyncProperty(fc.subarray(parts), fc.boolean(), async (some, withBundle) => {
        const chosen: Record<string, Record<string, unknown>> = {};
        for (const [name, inner, of] of some) chosen[name] = { ...chosen[name], [inner]: of };
        const spec = { ...required, ...(withBundle && { caBundleRef }), ...chosen };
        const answer = await server.judge({ metadata: { name: "km-agent" }, spec }, signal);
        expect(answer.taken ? answer.object["spec"] : answer.message).toEqual(KmAgentSpec.parse(spec));
      }),
      { numRuns: process.env["SOAK"] === undefined ? 40 : 1000 },
    );
  });
});

describe("a stored KmAgent", () => {
  test("has the same spec when it is read again, and nothing in status", async () => {
    await server.create(changed(BASES.everything, "metadata.name", "stored"), signal);
    const { spec, status } = await server.read("stored", signal);
    expect(spec).toEqual(KmAgentSpec.parse(BASES.everything.spec));
    expect(status).toBeUndefined();
  });

  test("keeps every field of the status that the operator writes", async () => {
    await server.create(changed(BASES.smallest, "metadata.name", "with-status"), signal);
    const written = await server.writeStatus("with-status", fullStatus, signal);
    expect(written).toMatchObject({ taken: true });
    expect((await server.read("with-status", signal))["status"]).toEqual(fullStatus);
  });

  test("takes words in status that another release's operator knows", async () => {
    await server.create(changed(BASES.smallest, "metadata.name", "from-the-future"), signal);
    const condition = { ...fullStatus.conditions[0], type: "SomethingNew", reason: "FromTheFuture" };
    const status = { ...fullStatus, conditions: [condition], rollout: { phase: "Pondering" } };
    expect(await server.writeStatus("from-the-future", status, signal)).toMatchObject({ taken: true });
  });

  test("isn't changed by a write of its status, and its status isn't by a write of the object", async () => {
    const answer = await server.create(
      { ...changed(BASES.smallest, "metadata.name", "split"), status: fullStatus },
      signal,
    );
    expect(answer.taken && answer.object["status"]).toBeUndefined();
    await server.writeStatus("split", fullStatus, signal);
    expect((await server.read("split", signal)).metadata.generation).toBe(1);
  });
});
