import { customResourceDefinition } from "../../../src/api/crd.ts";
import type { CustomResourceDefinition } from "../../../src/api/crd.ts";
import { KmError } from "../../../src/api/errors.ts";
import type { FieldCause } from "../../../src/api/errors.ts";
import { createKubeClient } from "../../../src/kube/client.ts";
import type { KubeClient } from "../../../src/kube/client.ts";
import { systemClock } from "../../../src/kube/clock.ts";
import { loadKubeconfig } from "../../../src/kube/kubeconfig.ts";
import { isKubeObject } from "../../../src/kube/resource.ts";
import type { KubeObject } from "../../../src/kube/resource.ts";
import { eventually } from "../../eventually.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/** How long a definition may take to count. */
export const WITHIN_MS = 30_000;

/** What the API server said of a document: taken, or refused with its words and the fields that it names. */
export type Answer =
  | { readonly taken: true; readonly object: KubeObject }
  | { readonly taken: false; readonly message: string; readonly causes: readonly FieldCause[] };

/**
 * A copy of the KmAgent's definition under a group of its own in a real API server: no operator watches it, Helm's own copy
 * isn't touched, and a definition that a test changes is nobody else's.
 */
export class AdmissionServer {
  readonly #client: KubeClient;
  readonly #group: string;
  readonly #namespace: string;

  private constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
    // Bound to the namespace's generated name, so that what an interrupted run left behind is in nobody's way.
    this.#group = `${namespace}.kloudmate.test`;
  }

  /** Takes the cluster of `KUBECONFIG`, and waits until the definition is served. `purpose` names the copy for who looks on. */
  static async start(
    purpose: string,
    definition: CustomResourceDefinition,
    signal: AbortSignal,
  ): Promise<AdmissionServer> {
    const kubeconfig = await loadKubeconfig({ env: process.env });
    const client = createKubeClient({ kubeconfig, version: "admission-test", clock: systemClock });
    const body = { metadata: { generateName: `${purpose}-` } };
    const namespace = await client.request({ method: "POST", path: "/api/v1/namespaces", body }, signal);
    const server = new AdmissionServer(client, objectOf(namespace.body).metadata.name);
    await server.define(definition, signal);
    await eventually(
      "the definition is served",
      async () => (await server.#submit({}, { dryRun: true }, signal)) !== "NotFound" || undefined,
      { withinMs: WITHIN_MS, everyMs: 50, signal },
    );
    return server;
  }

  /** Puts this definition in place of the present one. It takes effect some time later. */
  async define(definition: CustomResourceDefinition, signal: AbortSignal): Promise<void> {
    const body = {
      ...definition,
      metadata: { name: `kmagents.${this.#group}` },
      spec: { ...definition.spec, group: this.#group },
    };
    await this.#client.request(
      {
        method: "PATCH",
        path: `${DEFINITIONS}/kmagents.${this.#group}`,
        query: { fieldManager: "admission-test", force: true },
        body,
        contentType: "application/apply-patch+yaml",
      },
      signal,
    );
  }

  /** Asks whether the cluster would take the released definition under its own name, new or in place of an older one. */
  async judgeReleased(signal: AbortSignal): Promise<Answer> {
    const path = `${DEFINITIONS}/${released.metadata.name}`;
    const query = { fieldManager: "admission-test", force: true, fieldValidation: "Strict", dryRun: "All" };
    const contentType = "application/apply-patch+yaml";
    return answerOf(() => this.#client.request({ method: "PATCH", path, query, body: released, contentType }, signal));
  }

  /** Asks whether a document would be taken, strictly, as `kubectl` does. Nothing is stored. */
  async judge(document: object, signal: AbortSignal): Promise<Answer> {
    return this.#answer(document, { dryRun: true }, signal);
  }

  /** Stores a document. */
  async create(document: object, signal: AbortSignal): Promise<Answer> {
    return this.#answer(document, { dryRun: false }, signal);
  }

  /** A stored document as the API server gives it now. */
  async read(name: string, signal: AbortSignal): Promise<KubeObject> {
    return objectOf((await this.#client.request({ method: "GET", path: this.#path(name) }, signal)).body);
  }

  /** Writes the status of a stored document, and gives what is stored then. */
  async writeStatus(name: string, status: object, signal: AbortSignal): Promise<Answer> {
    const path = `${this.#path(name)}/status`;
    const query = { fieldValidation: "Strict" };
    const contentType = "application/merge-patch+json";
    return answerOf(() =>
      this.#client.request({ method: "PATCH", path, query, body: { status }, contentType }, signal),
    );
  }

  /** Takes definition, documents and namespace away. */
  async stop(signal: AbortSignal): Promise<void> {
    for (const path of [`${DEFINITIONS}/kmagents.${this.#group}`, `/api/v1/namespaces/${this.#namespace}`]) {
      await this.#client.request({ method: "DELETE", path }, signal);
    }
    await this.#client.close();
  }

  #path(name?: string): string {
    const collection = `/apis/${this.#group}/v1alpha1/namespaces/${this.#namespace}/kmagents`;
    return name === undefined ? collection : `${collection}/${name}`;
  }

  async #answer(document: object, { dryRun }: { dryRun: boolean }, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#submit(document, { dryRun }, signal);
    if (answer === "NotFound") throw new Error(`${this.#group} isn't served`);
    return answer;
  }

  async #submit(document: object, { dryRun }: { dryRun: boolean }, signal: AbortSignal): Promise<Answer | "NotFound"> {
    const body = { apiVersion: `${this.#group}/v1alpha1`, kind: "KmAgent", ...document };
    const query = { fieldValidation: "Strict", ...(dryRun && { dryRun: "All" }) };
    try {
      return await answerOf(() => this.#client.request({ method: "POST", path: this.#path(), query, body }, signal));
    } catch (error) {
      if (error instanceof KmError && error.code === "NotFound") return "NotFound";
      throw error;
    }
  }
}

/** The definition as it is released. */
export const released: CustomResourceDefinition = customResourceDefinition();

async function answerOf(call: () => Promise<{ readonly body: unknown }>): Promise<Answer> {
  try {
    return { taken: true, object: objectOf((await call()).body) };
  } catch (error) {
    if (!(error instanceof KmError) || error.code !== "Invalid") throw error;
    return { taken: false, message: error.message, causes: error.causes };
  }
}

function objectOf(body: unknown): KubeObject {
  if (!isKubeObject(body)) throw new Error("the answer is no object");
  return body;
}
