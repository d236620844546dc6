import { createServer } from "node:https";
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { selfSigned } from "../platform/certificate.ts";
import type { PatchOperation } from "./api.ts";

/** What a policy changes in workloads, as Kyverno's mutating rules do. */
export interface RewritingPolicy {
  /** Part of image names that is replaced, and by what. */
  readonly image: { readonly from: string; readonly to: string };
  readonly label: { readonly name: string; readonly value: string };
  readonly toleration: Readonly<Record<string, string>>;
}

/** A running webhook. */
export interface RewritingWebhook {
  /** The MutatingWebhookConfiguration that sends it DaemonSets and Deployments of one namespace. */
  configuration(name: string, namespace: string): object;
  close(): Promise<void>;
}

interface Review {
  readonly request: { readonly uid: string; readonly object: Workload };
}

interface Workload {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly image: string }[];
        readonly tolerations?: readonly object[];
      };
    };
  };
}

const MAX_BYTES = 4 * 1024 * 1024;

/** Starts an admission webhook on an address that the API server reaches, with a certificate of its own. */
export async function startRewritingWebhook(host: string, policy: RewritingPolicy): Promise<RewritingWebhook> {
  const { key, cert } = selfSigned([host]);
  const server = createServer({ key, cert }, (request, response) => {
    void readJson(request).then(
      (review) => {
        const { uid, object } = (review as Review).request;
        const patch = Buffer.from(JSON.stringify(patchOf(object, policy))).toString("base64");
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({
            apiVersion: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: { uid, allowed: true, patchType: "JSONPatch", patch },
          }),
        );
      },
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  server.listen(0, host);
  await once(server, "listening");
  const url = `https://${host}:${(server.address() as AddressInfo).port}/rewrite`;
  return {
    configuration: (name, namespace) => ({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingWebhookConfiguration",
      metadata: { name },
      webhooks: [
        {
          name: "rewrite.kmagent.test",
          clientConfig: { url, caBundle: Buffer.from(cert).toString("base64") },
          rules: [
            {
              apiGroups: ["apps"],
              apiVersions: ["v1"],
              resources: ["daemonsets", "deployments"],
              operations: ["CREATE", "UPDATE"],
            },
          ],
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          failurePolicy: "Fail",
          timeoutSeconds: 10,
        },
      ],
    }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Empty where the policy is met already, as with Kyverno. */
function patchOf({ metadata, spec }: Workload, { image, label, toleration }: RewritingPolicy): PatchOperation[] {
  const patch: PatchOperation[] = [];
  const pod = spec.template.spec;
  pod.containers.forEach((container, at) => {
    if (container.image.includes(image.from)) {
      const value = container.image.replace(image.from, image.to);
      patch.push({ op: "replace", path: `/spec/template/spec/containers/${at}/image`, value });
    }
  });
  if (metadata.labels?.[label.name] !== label.value) {
    patch.push({ op: "add", path: "/metadata/labels", value: { ...metadata.labels, [label.name]: label.value } });
  }
  const tolerations = pod.tolerations ?? [];
  if (!tolerations.some((other) => JSON.stringify(other) === JSON.stringify(toleration))) {
    patch.push({ op: "add", path: "/spec/template/spec/tolerations", value: [...tolerations, toleration] });
  }
  return patch;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > MAX_BYTES) throw new Error("a review of that size is none");
    chunks.push(part);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
