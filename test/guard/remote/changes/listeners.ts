import type { Refusals } from "../change.ts";

/** Listeners on other ports and addresses than those of OTLP. */
export const LISTENERS: Refusals = {
  rule: "listeners",
  gateway: [
    ["a listener on another port", '"0.0.0.0:4317"', '"0.0.0.0:9999"', "receivers.otlp.protocols.grpc.endpoint"],
    ["a listener on the health port", '"0.0.0.0:4318"', '"0.0.0.0:13133"', "receivers.otlp.protocols.http.endpoint"],
    ["a listener on a foreign address", '"0.0.0.0:4317"', '"10.0.0.1:4317"', "receivers.otlp.protocols.grpc.endpoint"],
    [
      "a listener on a socket",
      'endpoint: "0.0.0.0:4317"',
      "endpoint: /tmp/x.sock, transport: unix",
      "receivers.otlp.protocols.grpc.endpoint",
    ],
  ],
};
