import { expect, test } from "@jest/globals";
import { GATEWAY, judgeText } from "../documents.ts";

test("a gateway may not listen on one port twice", () => {
  const two = GATEWAY.replace(
    "receivers:\n  otlp:",
    "receivers:\n  otlp/2: { protocols: { grpc: {} } }\n  otlp:",
  ).replace("receivers: [otlp]", "receivers: [otlp, otlp/2]");
  const verdict = judgeText(two);
  expect(verdict.ok ? [] : verdict.findings).toMatchObject([
    { rule: "listeners", path: "receivers.otlp/2.protocols.grpc" },
  ]);
});

test("two health endpoints would want the same port", () => {
  const text = GATEWAY.replace(
    "  file_storage:",
    '  health_check/2: { endpoint: "0.0.0.0:13133" }\n  file_storage:',
  ).replace("extensions: [health_check,", "extensions: [health_check, health_check/2,");
  expect(judgeText(text)).toMatchObject({ findings: [{ rule: "health_check", path: "extensions.health_check/2" }] });
});
