import { expect, test } from "@jest/globals";
import { judgeSent } from "../../src/remote/judge.ts";
import { BAD_CONFIGURATIONS, goodConfiguration, NOBODY } from "../faults/bad-configurations.ts";
import { LOCAL_CONTEXT } from "./everything.ts";

/* What the tests of the cluster send to real collectors gets there only if the guard takes it. */

const context = { ...LOCAL_CONTEXT, limits: { ...LOCAL_CONTEXT.limits, exporterHosts: [NOBODY] } };
const documents = [
  { name: "that works", document: goodConfiguration("mark") },
  ...BAD_CONFIGURATIONS.map(({ name, document }) => ({ name, document })),
];

test.each(documents)("the guard takes a configuration $name", ({ document }) => {
  expect(judgeSent(document, context)).toMatchObject({ ok: true });
});

test("and none that sends to a host of which the KmAgent knows nothing", () => {
  const elsewhere = goodConfiguration("mark", { exporters: { otlphttp: { endpoint: `http://${NOBODY}:4318` } } });
  expect(judgeSent(elsewhere, LOCAL_CONTEXT)).toMatchObject({ findings: [{ rule: "hosts" }] });
});
