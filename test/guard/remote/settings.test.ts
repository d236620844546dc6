import { expect, test } from "@jest/globals";
import { GATEWAY, judgeText, VENDOR_NODE } from "../documents.ts";

test("a setting that is no detector's isn't called one", () => {
  const saying = (setting: string) => {
    const verdict = judgeText(VENDOR_NODE.replace("timeout: 5s }", `timeout: 5s, ${setting}: {} }`));
    return verdict.ok ? [] : verdict.findings.map(({ path, message }) => `${path}: ${message}`);
  };
  const path = (setting: string) => `processors.resourcedetection.${setting}`;
  expect(saying("ec2")).toEqual([expect.stringMatching(`^${path("ec2")}: isn't a detector`)]);
  expect(saying("overide")).toEqual([expect.stringMatching(`^${path("overide")}: isn't a setting`)]);
});

test.each<[string, string, string, string]>([
  ["mysql", "mysql: {", "receivers.mysql", "leave tls out where the other side has none"],
  ["mongodb, which speaks TLS without it too", "mongodb: {", "receivers.mongodb", "in spec.config only"],
])("a receiver that should speak plain text is told what can be done: %s", (_, receiver, path, advice) => {
  const verdict = judgeText(GATEWAY.replace(receiver, `${receiver} tls: { insecure: true },`));
  expect(verdict).toMatchObject({
    findings: [{ rule: "refused", path: `${path}.tls.insecure`, message: expect.stringContaining(advice) }],
  });
});

test("a postgresql that should speak plain text is sent to the spec", () => {
  const verdict = judgeText(
    GATEWAY.replace("  nginx:", '  postgresql: { endpoint: "db.example.com:5432", tls: { insecure: true } }\n  nginx:'),
  );
  expect(verdict).toMatchObject({
    findings: [{ path: "receivers.postgresql.tls.insecure", message: expect.stringContaining("in spec.config only") }],
  });
});
