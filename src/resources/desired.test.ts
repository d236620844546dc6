import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { KmAgentSpec } from "../api/kmagent.ts";
import type { KmAgentSpecInput } from "../api/kmagent.ts";
import { desiredObjects } from "./desired.ts";
import type { Desired, DesiredInput } from "./desired.ts";

type Ok = Extract<Desired, { ok: true }>;
const least = { clusterName: "test", apiKeySecretRef: { name: "credentials", key: "apiKey" } };
const none = { nodeAgent: null, clusterAgent: null };

function input(spec: Partial<KmAgentSpecInput> = {}, change: Partial<DesiredInput> = {}): DesiredInput {
  return {
    kmagent: {
      name: "km-agent",
      namespace: "km-agent",
      uid: "u-1",
      generation: 1,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      deleting: false,
      annotations: {},
      spec: KmAgentSpec.parse({ ...least, ...spec }),
      status: {},
    },
    referenced: { apiKeyHmac: "00", configTexts: none, caBundleHash: null },
    release: { version: "0.1.0", images: { nodeAgent: "node:1", clusterAgent: "cluster:1" } },
    serviceAccounts: { nodeAgent: "node", clusterAgent: "cluster" },
    restartedAt: none,
    remote: null,
    kubernetesMinor: 34,
    ...change,
  };
}

function desired(spec: Partial<KmAgentSpecInput> = {}, change: Partial<DesiredInput> = {}): Ok {
  const result = desiredObjects(input(spec, change));
  if (!result.ok) throw new Error(result.message);
  return result;
}

/** Fields of Kubernetes objects that are looked at here. */
interface Workload {
  readonly metadata: { readonly name: string };
  readonly immutable?: boolean;
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> }; readonly spec: Pod };
  };
}

interface Pod {
  readonly hostNetwork?: boolean;
  readonly automountServiceAccountToken: boolean;
  readonly containers: readonly [Container];
  readonly volumes: readonly Volume[];
}

interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly type: string };
  readonly configMap?: { readonly name: string; readonly items: readonly { readonly path: string }[] };
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports: readonly { readonly hostPort?: number }[];
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly readOnly?: boolean;
    readonly recursiveReadOnly?: string;
  }[];
  readonly securityContext: {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop: readonly string[] };
    readonly seccompProfile?: { readonly type: string };
  };
}

/** The object of a kind as the API server gets it. */
function find(result: Ok, kind: string, component = "node-agent"): Workload {
  const found = result.objects.find(
    (object) => object.kind === kind && object.metadata.labels["app.kubernetes.io/component"] === component,
  );
  if (!found) throw new Error(`no ${kind} of the ${component}`);
  return JSON.parse(JSON.stringify(found)) as Workload;
}

const podOf = (result: Ok, kind = "DaemonSet") =>
  find(result, kind, kind === "DaemonSet" ? "node-agent" : "cluster-agent").spec.template.spec;
const container = (result: Ok) => podOf(result).containers[0];
const envOf = (result: Ok) =>
  Object.fromEntries(container(result).env.map((entry) => [entry.name, entry.value ?? entry.valueFrom]));
const volumeOf = (result: Ok, name: string) => podOf(result).volumes.find((volume) => volume.name === name);

const logsOnly = { features: { logs: true, metrics: false, traces: false } };
const metricsOnly = { features: { logs: false, metrics: true, traces: false } };

/** What Pod Security `baseline` refuses of what our pods could have. */
function baselineFaults(pod: Pod): string[] {
  return [
    ...(pod.hostNetwork === true ? ["host namespaces"] : []),
    ...pod.volumes.filter(({ hostPath }) => hostPath).map(({ name }) => `host path ${name}`),
    ...pod.containers.flatMap(({ ports, securityContext }) => [
      ...ports.flatMap(({ hostPort }) => (hostPort === undefined ? [] : [`host port ${hostPort}`])),
      ...(securityContext.privileged === true ? ["privileged"] : []),
      ...(securityContext.capabilities?.add ?? []).map((name) => `capability ${name}`),
    ]),
  ];
}

/** What Pod Security `restricted` refuses besides. */
function restrictedFaults(pod: Pod): string[] {
  return pod.containers.flatMap(({ securityContext: context }) => [
    ...(context.allowPrivilegeEscalation === false ? [] : ["privilege escalation"]),
    ...(context.runAsNonRoot === true && context.runAsUser !== 0 ? [] : ["root"]),
    ...(context.capabilities?.drop.includes("ALL") === true ? [] : ["capabilities"]),
    ...(context.seccompProfile?.type === "RuntimeDefault" ? [] : ["seccomp"]),
  ]);
}

describe("the node agent's privileges", () => {
  test.each<[string, Partial<KmAgentSpecInput>, string[]]>([
    ["none under Baseline", { nodeAgent: { profile: "Baseline" } }, []],
    [
      "for metrics the node's file system, read as an ordinary user",
      { config: metricsOnly },
      ["host path host-root", "host port 13133"],
    ],
    [
      "for logs their directories, a place for positions, and the right to read them",
      { config: logsOnly },
      [
        "host path pod-logs",
        "host path container-logs",
        "host path storage",
        "host port 13133",
        "capability DAC_READ_SEARCH",
      ],
    ],
    [
      "for an OTLP receiver on the node's ports those two",
      {
        config: { features: { logs: false, metrics: false, traces: true } },
        nodeAgent: { hostPorts: { health: false, otlp: true } },
      },
      ["host port 4317", "host port 4318"],
    ],
    [
      "no OTLP port of the node where nothing listens",
      { config: metricsOnly, nodeAgent: { hostPorts: { health: false, otlp: true } } },
      ["host path host-root"],
    ],
    [
      "no mapped port on the node's own network",
      { config: metricsOnly, nodeAgent: { hostNetwork: true } },
      ["host namespaces", "host path host-root"],
    ],
  ])("are %s", (_, spec, faults) => {
    expect(baselineFaults(podOf(desired(spec)))).toEqual(faults);
  });

  test("pass Pod Security restricted under Baseline, and as long as no log is read", () => {
    expect(restrictedFaults(podOf(desired({ nodeAgent: { profile: "Baseline" } })))).toEqual([]);
    expect(restrictedFaults(podOf(desired({ config: metricsOnly })))).toEqual([]);
    expect(restrictedFaults(podOf(desired(), "Deployment"))).toEqual([]);
    expect(restrictedFaults(podOf(desired({ config: logsOnly })))).toEqual(["root"]);
  });

  test("include no service account token that nothing uses, but for the vendor's image, which doesn't start without", () => {
    const components = {
      receivers: ["otlp"],
      processors: ["batch"],
      exporters: ["otlphttp"],
      extensions: ["health_check"],
      connectors: [],
    };
    const token = (spec: Partial<KmAgentSpecInput>) => podOf(desired(spec)).automountServiceAccountToken;
    expect(token({ distribution: "custom", components })).toBe(false);
    expect(token({ distribution: "custom", components: { ...components, processors: ["k8s_attributes"] } })).toBe(true);
    expect(token({ config: { features: { logs: false, metrics: false, traces: true } } })).toBe(true);
  });

  test("can be changed by the user's security context, field by field, and capabilities are added to those that are needed", () => {
    const securityContext = { seLinuxOptions: { type: "spc_t" }, capabilities: { add: ["SYS_PTRACE"] } };
    expect(container(desired({ nodeAgent: { securityContext } })).securityContext).toMatchObject({
      seLinuxOptions: { type: "spc_t" },
      capabilities: { add: ["DAC_READ_SEARCH", "SYS_PTRACE"], drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    });
  });

  test("when privileged hold nothing that Kubernetes refuses beside it", () => {
    const context = container(desired({ nodeAgent: { privileged: true } })).securityContext;
    expect(context).toMatchObject({ privileged: true, runAsUser: 0 });
    expect(context).not.toHaveProperty("allowPrivilegeEscalation");
  });
});

describe("the node agent's pod", () => {
  test("has host paths that are never checked, and only its own one writable", () => {
    const mounts = container(desired()).volumeMounts;
    const seen = podOf(desired())
      .volumes.filter(({ hostPath }) => hostPath)
      .map(({ name, hostPath }) => [
        name,
        hostPath?.type,
        mounts.find((mount) => mount.name === name)?.readOnly ?? false,
      ]);
    expect(seen).toEqual([
      ["host-root", "", true],
      ["pod-logs", "", true],
      ["container-logs", "", true],
      ["storage", "DirectoryOrCreate", false],
    ]);
  });

  test.each<[string, number | null, string | undefined]>([
    ["asks for it where the API server knows the field", 31, "IfPossible"],
    ["doesn't on an older one", 30, undefined],
    ["doesn't where the version isn't known", null, undefined],
  ])("mounts below read-only host paths are read-only too: %s", (_, kubernetesMinor, expected) => {
    const mount = container(desired({}, { kubernetesMinor })).volumeMounts.find(({ name }) => name === "host-root");
    expect(mount?.recursiveReadOnly).toBe(expected);
  });

  test("finds its configuration under both names that images look for", () => {
    const configMap = volumeOf(desired(), "config")?.configMap;
    expect(configMap?.items.map(({ path }) => path)).toEqual(["agent-daemonset.yaml", "agent-deployment.yaml"]);
    expect(container(desired()).args).toEqual(["--config=/etc/kmagent/agent-daemonset.yaml"]);
  });

  test("keeps files of file_storage in the pod where it doesn't run as root", () => {
    const inline = `
extensions: { file_storage: { directory: /var/lib/kmagent } }
receivers: { otlp: {} }
exporters: { debug: {} }
service: { extensions: [file_storage], pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }`;
    expect(volumeOf(desired({ config: { nodeAgent: { inline } } }), "storage")).toHaveProperty("emptyDir");
  });

  test("takes the API key from the Secret, and everything else as the user wrote it", () => {
    const env = envOf(
      desired({
        collectorEndpoint: "https://x.example.com/$(HOME)",
        nodeAgent: {
          env: [
            { name: "TEAM", value: "$(HOME)" },
            { name: "KM_CLUSTER_NAME", value: "other" },
          ],
        },
      }),
    );
    expect(env).toMatchObject({
      KM_API_KEY: { secretKeyRef: { name: "credentials", key: "apiKey" } },
      KM_COLLECTOR_ENDPOINT: "https://x.example.com/$$(HOME)",
      KM_CLUSTER_NAME: "test",
      KM_CONFIG_CHECK_INTERVAL: "60s",
      DEPLOYMENT_MODE: "DAEMONSET",
      GOMEMLIMIT: "409MiB",
      TEAM: "$(HOME)",
    });
    expect(env).not.toHaveProperty("HTTPS_PROXY");
    expect(env).not.toHaveProperty("SSL_CERT_DIR");
  });

  test("names every variable once", () => {
    const names = container(
      desired({ proxy: { httpsProxy: "http://p:1" }, nodeAgent: { env: [{ name: "NO_PROXY", value: "x" }] } }),
    ).env.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("never sends what stays in the cluster through the proxy", () => {
    const { env } = container(desired({ proxy: { httpsProxy: "http://p:1", noProxy: " 10.0.0.0/8 ,,.corp" } }));
    const noProxy = env.find(({ name }) => name === "NO_PROXY")?.value?.split(",");
    expect(noProxy).toEqual(
      expect.arrayContaining(["10.0.0.0/8", ".corp", ".svc", "$(KUBERNETES_SERVICE_HOST)", "$(KM_NODE_HOST_IP)"]),
    );
    expect(noProxy).not.toContain("");
  });

  test("keeps the operator's labels whatever the user sets", () => {
    const podLabels = { team: "x", "app.kubernetes.io/component": "other" };
    const { labels } = find(desired({ nodeAgent: { podLabels } }), "DaemonSet").spec.template.metadata;
    expect(labels).toMatchObject({ team: "x", "app.kubernetes.io/component": "node-agent" });
  });
});

describe("desired objects", () => {
  test("are owned by the KmAgent, so that they go with it", () => {
    for (const { metadata } of desired().objects) {
      expect(metadata.ownerReferences).toEqual([
        {
          apiVersion: "kloudmate.com/v1alpha1",
          kind: "KmAgent",
          name: "km-agent",
          uid: "u-1",
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
      expect(metadata.namespace).toBe("km-agent");
    }
  });

  test("come in an order in which no pod waits for its configuration", () => {
    expect(desired().objects.map(({ kind }) => kind)).toEqual(["ConfigMap", "DaemonSet", "ConfigMap", "Deployment"]);
  });

  test("hold no cluster agent where it is switched off", () => {
    const result = desired({ clusterAgent: { enabled: false } });
    expect([result.objects.length, result.clusterAgent]).toEqual([2, null]);
  });

  test("name the revision alike in pods, ConfigMap, volume and environment", () => {
    const result = desired();
    const { revision, configMap } = result.nodeAgent;
    expect(configMap).toBe(`km-agent-node-agent-${revision}`);
    expect(find(result, "ConfigMap").metadata.name).toBe(configMap);
    expect(find(result, "DaemonSet").spec.template.metadata.labels["kloudmate.com/revision"]).toBe(revision);
    expect(volumeOf(result, "config")?.configMap?.name).toBe(configMap);
    expect(envOf(result)["CONFIGMAP_NAME"]).toBe(configMap);
  });

  test("keep the whole pod template with the configuration, so that a revision can be made again", () => {
    const result = desired();
    const { data, immutable } = find(result, "ConfigMap");
    expect(immutable).toBe(true);
    expect(JSON.parse(data["pod-template.json"] ?? "")).toEqual(find(result, "DaemonSet").spec.template);
    expect(parse(data["collector.yaml"] ?? "")).toHaveProperty("service.pipelines");
  });

  test("are the same for the same input, byte for byte", () => {
    expect(JSON.stringify(desiredObjects(input()))).toBe(JSON.stringify(desiredObjects(input())));
  });

  test.each<[string, Partial<KmAgentSpecInput>, Partial<DesiredInput>, boolean, boolean]>([
    ["another image", { nodeAgent: { image: "x:2" } }, {}, true, false],
    ["a rotated API key", {}, { referenced: { apiKeyHmac: "01", configTexts: none, caBundleHash: null } }, true, true],
    [
      "kubectl rollout restart of the DaemonSet",
      {},
      { restartedAt: { ...none, nodeAgent: "2026-01-01T00:00:00Z" } },
      true,
      false,
    ],
    [
      "a release with other images",
      {},
      { release: { version: "0.2.0", images: { nodeAgent: "node:2", clusterAgent: "cluster:2" } } },
      true,
      true,
    ],
    [
      "a release with the same images",
      {},
      { release: { version: "0.2.0", images: { nodeAgent: "node:1", clusterAgent: "cluster:1" } } },
      false,
      false,
    ],
    ["settings of the rollout", { rollout: { bakeTime: "1m", maxUnavailable: 3 } }, {}, false, false],
    ["settings of the platform's reports", { platform: { nodeReports: { interval: "5m" } } }, {}, false, false],
    ["how often the cluster checks in", { platform: { configCheckInterval: 90 } }, {}, false, false],
    ["logs switched off", { config: { features: { logs: false } } }, {}, true, true],
  ])("%s changes the revisions that it concerns alone", (_, spec, change, node, cluster) => {
    const [before, after] = [desired(), desired(spec, change)];
    expect([
      before.nodeAgent.revision !== after.nodeAgent.revision,
      before.clusterAgent?.revision !== after.clusterAgent?.revision,
    ]).toEqual([node, cluster]);
  });

  test("aren't made where a configuration is refused, and the message says whose, where and why", () => {
    const result = desiredObjects(input({ config: { clusterAgent: { inline: "receivers: { nosuch: {} }" } } }));
    expect(result).toMatchObject({ ok: false, reason: "InvalidConfig" });
    expect(!result.ok && result.message).toBe(
      "The cluster agent's collector configuration can't be used: receivers.nosuch: the kloudmate distribution has no nosuch among its receivers; use another one, or another distribution [rule components] (and 1 more)",
    );
  });

  test("take a ConfigMap's text where the spec refers to one", () => {
    const text =
      "receivers: { otlp: {} }\nexporters: { debug: {} }\nservice: { pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }";
    const configTexts = { nodeAgent: text, clusterAgent: null };
    const result = desired({}, { referenced: { apiKeyHmac: "00", configTexts, caBundleHash: null } });
    expect([result.nodeAgent.source, result.clusterAgent?.source]).toEqual(["Spec", "Default"]);
  });
});

describe("the rollout's settings in the objects", () => {
  test("are Kubernetes' own fields", () => {
    const rollout = { bakeTime: "1500ms", maxUnavailable: "25%", progressDeadline: "1m" } as const;
    const result = desired({
      rollout: { ...rollout, strategy: "RollingUpdate" },
      platform: { remoteConfig: { mode: "Disabled" } },
    });
    expect(find(desired({ rollout }), "DaemonSet").spec).toMatchObject({ updateStrategy: { type: "OnDelete" } });
    expect(find(result, "DaemonSet").spec).toMatchObject({
      minReadySeconds: 2,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "25%" } },
    });
    expect(find(result, "Deployment", "cluster-agent").spec).toMatchObject({
      minReadySeconds: 2,
      progressDeadlineSeconds: 62,
    });
  });
});
