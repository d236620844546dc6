import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { customResourceDefinition } from "../../src/api/crd.ts";
import { commandLine } from "../../src/cli.ts";
import { helm, render } from "./helm.ts";
import type { Rendered } from "./helm.ts";

const CHART = join(import.meta.dirname, "../../helm/kmagent-operator");
const CLUSTER_SCOPED = ["Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"];

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly image: string;
  readonly resources: { readonly requests?: unknown; readonly limits?: unknown };
  readonly securityContext: unknown;
}

let all: Rendered[] = [];
beforeAll(async () => {
  all = await render();
}, 150_000);

const find = (kind: string, name: string, among = all) => {
  const found = among.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};
const rulesOf = (object: Rendered) => object["rules"] as readonly Rule[];
const podOf = (objects = all) => {
  const deployment = find("Deployment", "kmagent-operator", objects)["spec"] as {
    template: { spec: { containers: [Container]; securityContext: unknown } };
  };
  return deployment.template.spec;
};

describe("rights", () => {
  const roles = () => all.filter(({ kind }) => kind === "Role" || kind === "ClusterRole");

  test("hold no wildcard and no way to more rights", () => {
    for (const rule of roles().flatMap(rulesOf)) {
      expect([...(rule.apiGroups ?? []), ...(rule.resources ?? []), ...rule.verbs]).not.toContain("*");
      expect(rule.apiGroups).not.toContain("rbac.authorization.k8s.io");
      for (const verb of ["escalate", "bind", "impersonate"]) expect(rule.verbs).not.toContain(verb);
      for (const resource of ["pods/exec", "pods/attach", "nodes/proxy", "serviceaccounts/token"])
        expect(rule.resources).not.toContain(resource);
    }
  });

  test("to Secrets are the operator's alone, in its namespace, to read, and by name", () => {
    const secrets = roles().flatMap((role) =>
      rulesOf(role).flatMap((rule) => (rule.resources?.includes("secrets") ? [{ role: role.kind, rule }] : [])),
    );
    expect(secrets).toEqual([
      {
        role: "Role",
        rule: {
          apiGroups: [""],
          resources: ["secrets"],
          resourceNames: ["km-agent-credentials"],
          verbs: ["get", "list", "watch"],
        },
      },
    ]);
  });

  test("of the operator beyond its namespace are to see the nodes, nothing else", () => {
    expect(rulesOf(find("ClusterRole", "km-agent:kmagent-operator"))).toEqual([
      { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
    ]);
  });

  test("of the agents are to read", () => {
    for (const agent of ["node-agent", "cluster-agent"]) {
      for (const { verbs } of rulesOf(find("ClusterRole", `km-agent:kmagent-operator-${agent}`)))
        expect(["get", "list", "watch"]).toEqual(expect.arrayContaining([...verbs]));
    }
  });

  test("of the node agents to kubelet are its figures and its list of pods", () => {
    const ofKubelet = rulesOf(find("ClusterRole", "km-agent:kmagent-operator-node-agent")).filter(({ resources }) =>
      resources?.some((resource) => resource.startsWith("nodes/")),
    );
    expect(ofKubelet).toEqual([{ apiGroups: [""], resources: ["nodes/stats", "nodes/pods"], verbs: ["get"] }]);
  });

  test("go to accounts that the chart makes, in the release's namespace", () => {
    for (const binding of all.filter(({ kind }) => kind.endsWith("Binding"))) {
      for (const subject of binding["subjects"] as readonly { kind: string; name: string; namespace: string }[]) {
        expect(subject.namespace).toBe("km-agent");
        find(subject.kind, subject.name);
      }
      const { kind, name } = binding["roleRef"] as { kind: string; name: string };
      find(kind, name);
    }
  });
});

describe("an uninstallation", () => {
  test("leaves what the running agents need, and the CRD; and takes all else", () => {
    const kept = all.filter(({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"] === "keep");
    expect(kept.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      "ClusterRole km-agent:kmagent-operator-cluster-agent",
      "ClusterRole km-agent:kmagent-operator-node-agent",
      "ClusterRoleBinding km-agent:kmagent-operator-cluster-agent",
      "ClusterRoleBinding km-agent:kmagent-operator-node-agent",
      "CustomResourceDefinition kmagents.kloudmate.com",
      "ServiceAccount kmagent-operator-cluster-agent",
      "ServiceAccount kmagent-operator-node-agent",
    ]);
  });

  test("can be made complete with what the notes say: they name everything that is kept", () => {
    const values: Readonly<Record<string, string>> = {
      'include "kmagent.clusterName" .': "km-agent:kmagent-operator",
      'include "kmagent.fullname" .': "kmagent-operator",
    };
    const source = readFileSync(join(CHART, "templates/NOTES.txt"), "utf8");
    const notes = source.replaceAll(/\{\{ (.*?) \}\}/g, (whole, key: string) => values[key] ?? whole);
    const purge = notes.slice(notes.indexOf("To remove all of it"));
    for (const { metadata } of all.filter(
      (object) => object.metadata.annotations?.["helm.sh/resource-policy"] === "keep",
    ))
      expect(purge).toContain(metadata.name);
  });
});

describe("the CRD", () => {
  test("is the one that the code makes, to the last number", () => {
    const rendered = find("CustomResourceDefinition", "kmagents.kloudmate.com");
    expect(rendered["spec"]).toEqual((JSON.parse(JSON.stringify(customResourceDefinition())) as Rendered)["spec"]);
  });

  test("can be left to another release", async () => {
    const objects = await render({ args: ["--set", "crds.enabled=false"] });
    expect(objects.map(({ kind }) => kind)).not.toContain("CustomResourceDefinition");
  });
});

describe("two releases", () => {
  test.each([
    ["of the same name in two namespaces", { namespace: "a" }, { namespace: "b" }],
    ["of two names in one namespace", { name: "one" }, { name: "two" }],
  ])("%s share no object but the CRD", async (_, first, second) => {
    const names = async (release: object) =>
      (await render(release))
        .filter(({ kind }) => kind !== "CustomResourceDefinition")
        .map(({ kind, metadata }) => [kind, metadata.namespace ?? "", metadata.name].join("/"));
    const shared = new Set(await names(first)).intersection(new Set(await names(second)));
    expect([...shared]).toEqual([]);
  });

  test("have names that fit, however long the release's is", async () => {
    const objects = await render({ name: "a-release-with-the-longest-name-that-helm-takes-53-char".slice(0, 53) });
    for (const { kind, metadata } of objects)
      if (!CLUSTER_SCOPED.includes(kind)) expect(metadata.name.length).toBeLessThanOrEqual(63);
  });
});

describe("every object", () => {
  test("names its namespace, so that kubectl puts it where Helm does", () => {
    for (const { kind, metadata } of all)
      expect([kind, metadata.name, metadata.namespace]).toEqual([
        kind,
        metadata.name,
        CLUSTER_SCOPED.includes(kind) ? undefined : "km-agent",
      ]);
  });

  test("is no Secret", () => expect(all.map(({ kind }) => kind)).not.toContain("Secret"));
});

describe("the operator's pod", () => {
  test("passes Pod Security restricted", () => {
    const { containers, securityContext } = podOf();
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(containers).toHaveLength(1);
    expect(containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("is given only flags that the command line knows, whatever the values", async () => {
    const values = ["--values", join(import.meta.dirname, "golden/company.values.yaml")];
    const [command, ...flags] = podOf(await render({ args: values })).containers[0].args;
    const known = commandLine().commands.find((one) => one.name() === command);
    const given = flags.map((flag) => flag.split("=", 1)[0]);
    expect(given.length).toBeGreaterThan(8);
    expect(given.filter((flag) => !known?.options.some(({ long }) => long === flag))).toEqual([]);
  });

  test("is given nothing that isn't in its default values by an empty value", () => {
    expect(podOf().containers[0].args.filter((arg) => /image|all-node/.test(arg))).toEqual([]);
  });
});

describe("values", () => {
  test("that the chart has are those that its schema describes, each with a sentence", () => {
    interface Schema {
      readonly type?: string | readonly string[];
      readonly description?: string;
      readonly properties?: Readonly<Record<string, Schema>>;
    }
    const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as Schema;
    const compare = (of: Schema, value: Readonly<Record<string, unknown>>, path: string) => {
      // What only a parent chart sets.
      const ofParent = path === "" ? ["global", "enabled"] : [];
      const described = Object.keys(of.properties ?? {}).filter((key) => !ofParent.includes(key));
      expect([path, ...Object.keys(value).sort()]).toEqual([path, ...described.sort()]);
      for (const [key, each] of Object.entries(of.properties ?? {})) {
        expect([`${path}.${key}`, each.description]).toEqual([
          `${path}.${key}`,
          expect.stringMatching(/^[A-Z'].*\.$/s),
        ]);
        if (each.properties) compare(each, value[key] as Readonly<Record<string, unknown>>, `${path}.${key}`);
      }
    };
    compare(schema, parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as Readonly<Record<string, unknown>>, "");
  });

  test("as they are pass helm lint --strict", async () =>
    expect(await helm(["lint", "--strict"])).toContain("0 chart(s) failed"));

  test.each([
    ["an unknown value", "replica=1", "replica"],
    ["an unknown value inside", "image.name=x", "image"],
    ["three replicas", "replicas=3", "replicas"],
    ["no replica", "replicas=0", "replicas"],
    ["an agent image without a tag", "agentImages.nodeAgent=registry.example.com/agent", "agentImages"],
    ["a digest that is none", "image.digest=sha256:abc", "digest"],
    ["a repository with a space", "image.repository=a b", "repository"],
    ["an unknown pull policy", "image.pullPolicy=Sometimes", "pullPolicy"],
    ["an unknown log level", "logLevel=verbose", "logLevel"],
    ["no readable Secret at all", "secretNames=null", "secretNames"],
    ["a Secret's name that is none", "secretNames={Bad_Name}", "secretNames"],
    ["a Secret twice", "secretNames={a,a}", "secretNames"],
    ["a Pod Security level that no agent runs under", "namespace.podSecurity=restricted", "podSecurity"],
    ["a word for a truth value", "crds.enabled=perhaps", "crds"],
    ["a key for the API", "apiKey=x", "apiKey"],
    ["a label that is no text", "podLabels.a.b=c", "podLabels"],
    ["an interval without unit", "metrics.serviceMonitor.interval=30", "interval"],
    ["no repository", "image.repository=null", "repository"],
    ["no agents' images at all", "agentImages=null", "agentImages"],
    ["no ServiceMonitor's settings at all", "metrics.serviceMonitor=null", "serviceMonitor"],
    ["a word for the condition of a parent chart", "enabled=perhaps", "enabled"],
    ["a name in capitals", "fullnameOverride=Monitoring", "fullnameOverride"],
    ["a name that begins with a digit", "fullnameOverride=1st", "fullnameOverride"],
    ["a name that ends with a hyphen", "fullnameOverride=agent-", "fullnameOverride"],
    ["a name that leaves no room for endings", `fullnameOverride=${"a".repeat(41)}`, "fullnameOverride"],
    ["a part of a name with a dot", "nameOverride=a.b", "nameOverride"],
  ])("refuse %s, by name", async (_, set, name) => {
    await expect(render({ args: ["--set", set] })).rejects.toThrow(
      new RegExp(`values don't meet the specifications[\\s\\S]*${name}`),
    );
  });

  test("that only choose may be dropped by null, as Helm has it, and the chart renders without them", async () => {
    const dropped = [
      ...["affinity", "nodeSelector", "tolerations", "topologySpreadConstraints", "priorityClassName"],
      ...["podLabels", "podAnnotations", "podSecurityContext", "securityContext", "resources", "nodeOptions", "env"],
      ...["podDisruptionBudget", "nameOverride", "fullnameOverride", "image.tag", "image.digest", "image.pullSecrets"],
      ...["agentImages.nodeAgent", "agentImages.clusterAgent", "metrics.serviceMonitor.labels"],
      ...["serviceAccount.annotations", "nodeAgent.serviceAccountAnnotations", "nodeAgent.extraRules"],
      ...["clusterAgent.serviceAccountAnnotations", "clusterAgent.extraRules"],
    ];
    const objects = await render({ args: ["--set", dropped.map((key) => `${key}=null`).join(",")] });
    expect(objects.map(({ kind }) => kind).sort()).toEqual(all.map(({ kind }) => kind).sort());
    const pod = podOf(objects);
    for (const field of ["affinity", "nodeSelector", "tolerations", "securityContext"])
      expect(pod).not.toHaveProperty(field);
    const [{ image }] = pod.containers;
    expect(image).toMatch(/^ghcr\.io\/kloudmate\/kmagent-operator:\d/);
  });

  test("of a part of the resources, or of the nodes' labels, may be dropped alone", async () => {
    const args = ["--set", "resources.limits=null", "--set", "nodeSelector.kubernetes\\.io/os=null"];
    const pod = podOf(await render({ args }));
    expect(pod).not.toHaveProperty("nodeSelector");
    const { requests, limits } = pod.containers[0].resources;
    expect([requests, limits]).toEqual([{ cpu: "50m", memory: "96Mi" }, undefined]);
  });

  test("of a parent chart are taken: the condition under which it installs this one, and global ones", async () => {
    const objects = await render({ args: ["--set", "enabled=true", "--set", "global.region=eu"] });
    expect(objects).toEqual(all);
  });

  test("that name objects are used whole", async () => {
    const names = async (set: string) => (await render({ args: ["--set", set] })).map(({ metadata }) => metadata.name);
    const longest = `a-${"1".repeat(38)}`;
    expect(await names(`fullnameOverride=${longest}`)).toContain(`${longest}-cluster-agent`);
    expect(await names("nameOverride=eu")).toContain("kmagent-operator-eu-node-agent");
  });
});
