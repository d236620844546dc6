import { expect, test } from "@jest/globals";
import { judgeText, VENDOR_NODE } from "../documents.ts";

test("a setting that is no detector's isn't called one", () => {
  const saying = (setting: string) => {
    const verdict = judgeText(VENDOR_NODE.replace("timeout: 5s }", `timeout: 5s, ${setting}: {} }`));
    return verdict.ok ? [] : verdict.findings.map(({ path, message }) => `${path}: ${message}`);
  };
  const path = (setting: string) => `processors.resourcedetection.${setting}`;
  expect(saying("ec2")).toEqual([expect.stringMatching(`^${path("ec2")}: isn't a detector`)]);
  expect(saying("overide")).toEqual([expect.stringMatching(`^${path("overide")}: isn't a setting`)]);
});
