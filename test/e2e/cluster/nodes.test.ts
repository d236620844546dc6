import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Cluster } from "../../cluster/cluster.ts";
import { pushImages } from "../../cluster/images.ts";
import { attachCluster, chosenProvider } from "../../cluster/provider.ts";
import { eventually } from "../../eventually.ts";
import { kubectlFor } from "../../installation/kubectl.ts";
import type { Kubectl, KubernetesObject } from "../../installation/kubectl.ts";

/* What the other tests take for granted of the cluster under them: one pod that answers on 13133, seen from every side. */

const NAMESPACE = "cluster-test";
const signal = AbortSignal.timeout(280_000);
const onThisMachine = chosenProvider() === "local" ? describe : describe.skip;

/** A registry's refusal, in containerd's words. */
const REFUSAL = /authorization failed|no basic auth credentials|401/i;

interface Waiting {
  readonly reason?: string;
  readonly message?: string;
}

interface RunningPod extends KubernetesObject {
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP: string };
}

onThisMachine("a pod of the cluster", () => {
  let cluster: Cluster;
  let kubectl: Kubectl;
  let pod: RunningPod;
  const since = new Date();

  /** Why the container of a pod doesn't run; undefined where it does. */
  const waitingOf = async (name: string): Promise<Waiting | undefined> => {
    const found = await kubectl.get<{ status: { containerStatuses?: { state: { waiting?: Waiting } }[] } }>([
      ...["pod", name, "--namespace", NAMESPACE],
    ]);
    return found?.status.containerStatuses?.[0]?.state.waiting;
  };

  const status = async (url: string, ...more: string[]): Promise<string> => {
    const command = [
      "curl",
      "--silent",
      "--max-time",
      "2",
      "--output",
      "/dev/null",
      "--write-out",
      "%{http_code}",
      ...more,
      url,
    ];
    // curl's own exit code says less than "000", which it prints where nothing answers.
    return (await cluster.exec(pod.spec.nodeName, ["sh", "-c", '"$@" || true', "sh", ...command], signal)).stdout;
  };

  beforeAll(async () => {
    cluster = await attachCluster(signal);
    kubectl = kubectlFor(cluster.kubeconfigPath, signal);
    await kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
    const registry = await cluster.privateRegistry(signal);
    const image = (await pushImages(registry.host, ["faulty"], signal, registry.credentials)).get("faulty")?.reference;
    await kubectl(["create", "namespace", NAMESPACE]);
    const { username, password } = registry.credentials ?? { username: "", password: "" };
    const login = [
      `--docker-server=${registry.host}`,
      `--docker-username=${username}`,
      `--docker-password=${password}`,
    ];
    await kubectl(["create", "secret", "docker-registry", "pull", "--namespace", NAMESPACE, ...login]);
    const container = { name: "main", image, ports: [{ containerPort: 13133, hostPort: 23133, hostIP: "127.0.0.1" }] };
    const metadata = (name: string): object => ({ name, namespace: NAMESPACE, labels: { app: "answers" } });
    await kubectl.apply(
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: metadata("answers"),
        spec: { imagePullSecrets: [{ name: "pull" }], containers: [container] },
      },
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "no-secret", namespace: NAMESPACE },
        spec: { containers: [{ name: "main", image }] },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: metadata("answers"),
        spec: { selector: { app: "answers" }, ports: [{ port: 80, targetPort: 13133 }] },
      },
    );
    await kubectl(["wait", "--for=condition=Ready", "pod/answers", "--namespace", NAMESPACE, "--timeout=60s"]);
    const running = await kubectl.get<RunningPod>(["pod", "answers", "--namespace", NAMESPACE]);
    if (running === undefined) throw new Error("the pod is gone");
    pod = running;
  });
  afterAll(async () => {
    await kubectl(["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  test("was pulled with a secret, without which the registry refuses", async () => {
    const refused = await eventually(
      "the pod without the secret was refused its image",
      async () => {
        const waiting = await waitingOf("no-secret");
        if (waiting !== undefined && REFUSAL.test(waiting.message ?? "")) return waiting;
        throw new Error(JSON.stringify(waiting));
      },
      { withinMs: 30_000 },
    );
    expect(refused.reason).toMatch(/^(ErrImagePull|ImagePullBackOff)$/);
    expect(await waitingOf("answers")).toBeUndefined();
  });

  test("answers by its address, its host port on the node's loopback, and its Service", async () => {
    expect(await status(`http://${pod.status.podIP}:13133/`)).toBe("200");
    expect(await status("http://localhost:23133/")).toBe("200");
    const service = await kubectl.get<KubernetesObject & { spec: { clusterIP: string } }>([
      "service",
      "answers",
      "--namespace",
      NAMESPACE,
    ]);
    await eventually(
      "the Service answers",
      async () => ((await status(`http://${service?.spec.clusterIP ?? ""}/`)) === "200" ? true : undefined),
      { withinMs: 15_000 },
    );
  });

  test("shows its host port on its own node alone", async () => {
    for (const { name } of (await cluster.nodes(signal)).filter((node) => node.name !== pod.spec.nodeName)) {
      await expect(
        cluster.exec(name, ["curl", "--silent", "--max-time", "2", "http://localhost:23133/"], signal),
      ).rejects.toThrow("exit code 7");
    }
  });

  test("stops answering under SIGSTOP, and answers again after SIGCONT", async () => {
    const target = { podUid: pod.metadata.uid, container: "main" };
    expect(await cluster.signalContainer(target, "SIGSTOP", signal)).toBeGreaterThan(0);
    expect(await status(`http://${pod.status.podIP}:13133/`)).toBe("000");
    await cluster.signalContainer(target, "SIGCONT", signal);
    expect(await status(`http://${pod.status.podIP}:13133/`)).toBe("200");
  });

  test("has logs and a use of memory", async () => {
    expect((await kubectl(["logs", "answers", "--namespace", NAMESPACE])).stdout).not.toBe("");
    const { stdout } = await eventually(
      "kubectl top knows the pod",
      () => kubectl(["top", "pod", "answers", "--namespace", NAMESPACE]),
      {
        withinMs: 90_000,
        everyMs: 3_000,
      },
    );
    expect(stdout).toMatch(/answers +\d+m +\d+Mi/);
  });

  test("is in the audit log: who made it, with which answer", async () => {
    const created = [];
    for await (const event of cluster.auditEvents(since, signal)) {
      if (event.objectRef?.namespace === NAMESPACE && event.objectRef.resource === "pods" && event.verb === "create")
        created.push(event);
    }
    expect(
      created
        .filter(({ objectRef }) => objectRef?.subresource === undefined)
        .map(({ objectRef, user, responseStatus }) => [objectRef?.name, user.username, responseStatus?.code]),
    ).toEqual(expect.arrayContaining([["answers", "kubernetes-admin", 201]]));
  });
});
