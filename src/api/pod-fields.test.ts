import { describe, expect, test } from "@jest/globals";
import { environment } from "../resources/environment.ts";
import { commonVolumes, hostVolumes } from "../resources/volumes.ts";
import { AGENT_VARIABLES } from "./agent-variables.ts";
import { KmAgentSpec } from "./kmagent.ts";
import { RESERVED_VOLUMES, image } from "./pod-fields.ts";

const everything = KmAgentSpec.parse({
  clusterName: "prod-eu",
  apiKeySecretRef: { name: "credentials", key: "apiKey" },
  proxy: { httpsProxy: "http://proxy:3128", noProxy: ".svc" },
  caBundleRef: { name: "ca", key: "ca.crt" },
});

describe("what is reserved", () => {
  test.each(["node-agent", "cluster-agent"] as const)(
    "says of every variable whether the operator sets it, so that a user's value is refused and not dropped: %s",
    (component) => {
      const set = environment({
        spec: everything,
        component,
        configMap: "collector",
        memoryLimit: 512 * 2 ** 20,
        extra: [],
      });
      const said = AGENT_VARIABLES.filter(({ isSet }) => isSet);
      expect(set.map(({ name }) => name).sort()).toEqual(said.map(({ name }) => name).sort());
    },
  );

  test("holds every volume that the operator makes, so that a second of that name is refused where it is written", () => {
    const access = {
      rootFileSystem: true,
      containerLogs: true,
      storage: "node",
      otlpPorts: true,
      healthPort: true,
    } as const;
    const made = [...commonVolumes(everything, "collector"), ...hostVolumes(access, "/var/lib/kmagent", 34)];
    expect(made.map(({ volume }) => volume["name"]).sort()).toEqual([...RESERVED_VOLUMES].sort());
  });
});

describe("an image", () => {
  test.each([
    "km-kube-agent:1.2.0",
    "registry:5000/agent:1",
    "localhost/a/b/c:v1",
    "[fd00::1]:5000/agent:1",
    `ghcr.io/a/b@sha256:${"0".repeat(64)}`,
    "a__b/c--d:1",
  ])("%p says which version it is", (reference) => {
    expect(image.safeParse(reference).success).toBe(true);
  });

  test.each(["km-kube-agent", "registry:5000/agent", "a:", "a:b:c", "/a:1", "A/b c:1", "a/B:1", ""])(
    "%p doesn't",
    (reference) => {
      expect(image.safeParse(reference).success).toBe(false);
    },
  );
});
