import { describe, expect, test } from "@jest/globals";
import { CONTEXT, GATEWAY, judgeText, VENDOR_CLUSTER, VENDOR_NODE } from "../documents.ts";

describe("signals that are switched off", () => {
  const off = (signal: "logs" | "metrics" | "traces", text: string, component: "node-agent" | "cluster-agent") => {
    const features = { ...CONTEXT.limits.features, [signal]: false };
    const verdict = judgeText(text, { component, limits: { ...CONTEXT.limits, features } });
    return verdict.ok ? [] : verdict.findings.map(({ rule, path }) => `${rule} ${path}`);
  };

  test("are refused by their pipelines", () => {
    expect(off("logs", VENDOR_NODE, "node-agent")).toEqual(["signals service.pipelines.logs/containers"]);
    expect(off("metrics", GATEWAY, "node-agent")).toEqual(["signals service.pipelines.metrics"]);
    expect(off("traces", GATEWAY, "node-agent")).toEqual(["signals service.pipelines.traces"]);
  });

  test("leave the cluster agent its traces, as the default does", () => {
    expect(off("traces", VENDOR_CLUSTER, "cluster-agent")).toEqual([]);
  });
});
