import { describe, expect, test } from "@jest/globals";
import { FIELD_MANAGER } from "../api/labels.ts";
import { drift, overrides } from "./drift.ts";
import type { KubeObject } from "../kube/resource.ts";

const FIELDS = {
  "f:metadata": { "f:labels": { "f:ours": {} } },
  "f:spec": {
    "f:replicas": {},
    "f:template": {
      "f:spec": {
        "f:containers": {
          'k:{"name":"km-agent"}': {
            ".": {},
            "f:name": {},
            "f:image": {},
            "f:args": {},
            "f:resources": { "f:requests": { "f:cpu": {} } },
            "f:ports": { 'k:{"containerPort":13133,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
          },
        },
      },
    },
  },
};

function object(change: (draft: Draft) => void = () => undefined): KubeObject {
  const draft: Draft = {
    labels: { ours: "yes", theirs: "too" },
    replicas: 1,
    containers: [
      {
        name: "km-agent",
        image: "agent:1",
        args: ["--config=x"],
        resources: { requests: { cpu: "1" } },
        ports: [{ containerPort: 13133, protocol: "TCP" }],
      },
    ],
  };
  change(draft);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "x",
      namespace: "y",
      labels: draft.labels,
      managedFields: [
        { manager: "someone", operation: "Update", fieldsV1: { "f:spec": { "f:paused": {} } } },
        { manager: FIELD_MANAGER, operation: "Apply", subresource: "status", fieldsV1: { "f:status": {} } },
        { manager: FIELD_MANAGER, operation: "Apply", fieldsV1: FIELDS },
      ],
    },
    spec: { replicas: draft.replicas, template: { spec: { containers: draft.containers } } },
  };
}

interface Draft {
  labels: Record<string, string>;
  replicas: number;
  containers: { name: string; image?: string; args?: string[]; resources?: object; ports?: object[] }[];
}

const pathsOf = (change: (draft: Draft) => void) =>
  drift(object(), object(change), FIELD_MANAGER).map((found) => found.path);

describe("drift", () => {
  const cases: Record<string, { change: (draft: Draft) => void; paths: string[] }> = {
    "of nothing is nothing": { change: () => undefined, paths: [] },
    "in a scalar is found": { change: (draft) => (draft.replicas = 3), paths: ["spec.replicas"] },
    "in our label is found": { change: (draft) => (draft.labels["ours"] = "no"), paths: ["metadata.labels.ours"] },
    "in a removed label is found": { change: (draft) => (draft.labels = {}), paths: ["metadata.labels.ours"] },
    "in a foreign label isn't ours": { change: (draft) => (draft.labels["theirs"] = "changed"), paths: [] },
    "in a list entry's field names the entry": {
      change: (draft) => (draft.containers[0]!.image = "evil:1"),
      paths: ["spec.template.spec.containers[km-agent].image"],
    },
    "in an atomic list is found as a whole": {
      change: (draft) => draft.containers[0]!.args?.push("--more"),
      paths: ["spec.template.spec.containers[km-agent].args"],
    },
    "by a foreign container isn't ours": {
      change: (draft) => draft.containers.unshift({ name: "sidecar" }),
      paths: [],
    },
    "by removal of our container is found once": {
      change: (draft) => (draft.containers = []),
      paths: ["spec.template.spec.containers[km-agent]"],
    },
    "by removal of a port is found": {
      change: (draft) => (draft.containers[0]!.ports = []),
      paths: ["spec.template.spec.containers[km-agent].ports[13133,TCP]"],
    },
  };
  test.each(Object.entries(cases))("%s", (_name, { change, paths }) => {
    expect(pathsOf(change)).toEqual(paths);
  });

  test("says what was wanted and what was found", () => {
    expect(
      drift(
        object(),
        object((draft) => (draft.replicas = 3)),
        FIELD_MANAGER,
      ),
    ).toEqual([{ path: "spec.replicas", wanted: "1", found: "3" }]);
  });
});

describe("overrides by admission", () => {
  const desired = (): KubeObject => {
    const { metadata, ...rest } = object();
    return { ...rest, metadata: { name: metadata.name, labels: { ours: "yes" } } };
  };

  test("aren't seen where the server only fills in or writes differently", () => {
    const answer = object((draft) => {
      draft.containers[0]!.resources = { requests: { cpu: "1000m", memory: "1Gi" } };
    });
    expect(overrides(desired(), answer)).toEqual([]);
  });

  test("name a rewritten image and an added container", () => {
    const answer = object((draft) => {
      draft.containers[0]!.image = "mirror/agent:1";
      draft.containers.push({ name: "istio-proxy" });
    });
    expect(overrides(desired(), answer).map((found) => found.path)).toEqual([
      "spec.template.spec.containers[km-agent].image",
      "spec.template.spec.containers[istio-proxy]",
    ]);
  });

  test("take an empty value and an absent one for the same", () => {
    const wanted = desired();
    (wanted["spec"] as Record<string, unknown>)["template"] = { spec: { hostNetwork: false, tolerations: [] } };
    expect(overrides(wanted, object())).toEqual([]);
  });
});
