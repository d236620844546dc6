import { describe, expect, it } from "@jest/globals";
import { node, SETTINGS } from "../../test/fleet/observations.ts";
import { coverage, nodeSelection } from "./coverage.ts";
import type { Coverage } from "./coverage.ts";
import type { NodeObservation, Taint } from "./observation.ts";
import type { HealthSettings } from "./settings.ts";

function covered(observed: Partial<NodeObservation>, settings: Partial<HealthSettings> = {}): Coverage {
  return coverage(node(observed), nodeSelection({ ...SETTINGS, nodeSelector: {}, tolerations: [], ...settings }));
}

function requiring(...nodeSelectorTerms: unknown[]): Partial<HealthSettings> {
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}

const taint = (key: string, effect: Taint["effect"], value = ""): Taint => ({ key, value, effect });
const zone = (operator: string, ...values: string[]) => ({ matchExpressions: [{ key: "zone", operator, values }] });
const inZoneA = { labels: { zone: "a", cores: "8" } };

describe("which nodes are selected", () => {
  it.each<{ name: string; node: Partial<NodeObservation>; settings?: Partial<HealthSettings>; kind: Coverage["kind"] }>(
    [
      { name: "every node, where nothing is asked for", node: {}, kind: "wanted" },
      {
        name: "a node with all labels of the selector",
        node: inZoneA,
        settings: { nodeSelector: { zone: "a" } },
        kind: "wanted",
      },
      {
        name: "no node with another value",
        node: inZoneA,
        settings: { nodeSelector: { zone: "b" } },
        kind: "excluded",
      },
      {
        name: "no node that lacks a label of the selector",
        node: {},
        settings: { nodeSelector: { zone: "a" } },
        kind: "excluded",
      },
      {
        name: "no node by a property that every object has",
        node: { labels: {} },
        settings: { nodeSelector: { toString: "x" } },
        kind: "excluded",
      },
      { name: "In: one of the values", node: inZoneA, settings: requiring(zone("In", "a", "b")), kind: "wanted" },
      { name: "In: none of the values", node: inZoneA, settings: requiring(zone("In", "b")), kind: "excluded" },
      {
        name: "NotIn: holds without the label",
        node: { labels: {} },
        settings: requiring(zone("NotIn", "a")),
        kind: "wanted",
      },
      { name: "NotIn: not with the value", node: inZoneA, settings: requiring(zone("NotIn", "a")), kind: "excluded" },
      { name: "Exists: with the label", node: inZoneA, settings: requiring(zone("Exists")), kind: "wanted" },
      { name: "Exists: not without it", node: { labels: {} }, settings: requiring(zone("Exists")), kind: "excluded" },
      {
        name: "DoesNotExist: without the label",
        node: { labels: {} },
        settings: requiring(zone("DoesNotExist")),
        kind: "wanted",
      },
      { name: "DoesNotExist: not with it", node: inZoneA, settings: requiring(zone("DoesNotExist")), kind: "excluded" },
      {
        name: "Gt: by number, not by text",
        node: { labels: { cores: "16" } },
        settings: requiring({ matchExpressions: [{ key: "cores", operator: "Gt", values: ["8"] }] }),
        kind: "wanted",
      },
      {
        name: "Gt: not the same number",
        node: inZoneA,
        settings: requiring({ matchExpressions: [{ key: "cores", operator: "Gt", values: ["8"] }] }),
        kind: "excluded",
      },
      {
        name: "Lt: a smaller number",
        node: inZoneA,
        settings: requiring({ matchExpressions: [{ key: "cores", operator: "Lt", values: ["9"] }] }),
        kind: "wanted",
      },
      {
        name: "Lt: not what is no number",
        node: { labels: { cores: "many" } },
        settings: requiring({ matchExpressions: [{ key: "cores", operator: "Lt", values: ["9"] }] }),
        kind: "excluded",
      },
      {
        name: "one of several terms is enough",
        node: inZoneA,
        settings: requiring(zone("In", "b"), zone("In", "a")),
        kind: "wanted",
      },
      {
        name: "all of a term's expressions must hold",
        node: inZoneA,
        settings: requiring({
          matchExpressions: [...zone("In", "a").matchExpressions, { key: "disk", operator: "Exists" }],
        }),
        kind: "excluded",
      },
      { name: "a term without expressions matches nothing", node: {}, settings: requiring({}), kind: "excluded" },
      {
        name: "matchFields: by the node's name",
        node: { name: "n1" },
        settings: requiring({ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }),
        kind: "wanted",
      },
      {
        name: "matchFields: not by another's name",
        node: { name: "n2" },
        settings: requiring({ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }),
        kind: "excluded",
      },
      {
        name: "matchFields: all but one",
        node: { name: "n2" },
        settings: requiring({ matchFields: [{ key: "metadata.name", operator: "NotIn", values: ["n1"] }] }),
        kind: "wanted",
      },
      {
        name: "a preferred affinity keeps no node out",
        node: {},
        settings: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } } },
        kind: "wanted",
      },
      {
        name: "an affinity of a shape that nobody knows matches nothing",
        node: {},
        settings: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: 7 } } },
        kind: "excluded",
      },
      {
        name: "no virtual-kubelet node, by its label",
        node: { labels: { type: "virtual-kubelet" } },
        kind: "excluded",
      },
      {
        name: "no virtual-kubelet node, by its taint",
        node: { taints: [taint("virtual-kubelet.io/provider", "NoSchedule", "azure")] },
        kind: "excluded",
      },
      {
        name: "no Fargate node, by its label",
        node: { labels: { "eks.amazonaws.com/compute-type": "fargate" } },
        kind: "excluded",
      },
      {
        name: "no Fargate node, by its taint",
        node: { taints: [taint("eks.amazonaws.com/compute-type", "NoSchedule", "fargate")] },
        kind: "excluded",
      },
    ],
  )("$name", ({ node: observed, settings, kind }) => {
    expect(covered(observed, settings).kind).toBe(kind);
  });
});

describe("which taints keep an agent away", () => {
  const dedicated = taint("dedicated", "NoSchedule", "db");

  it.each<{ name: string; taints: Taint[]; settings?: Partial<HealthSettings>; kind: Coverage["kind"] }>([
    { name: "one that nothing tolerates", taints: [dedicated], kind: "keptAway" },
    { name: "none that only asks to be preferred", taints: [taint("dedicated", "PreferNoSchedule")], kind: "wanted" },
    {
      name: "none where everything is tolerated",
      taints: [dedicated],
      settings: { tolerations: [{ operator: "Exists" }] },
      kind: "wanted",
    },
    {
      name: "none whose key is tolerated with any value",
      taints: [dedicated],
      settings: { tolerations: [{ key: "dedicated", operator: "Exists" }] },
      kind: "wanted",
    },
    {
      name: "none whose value is tolerated",
      taints: [dedicated],
      settings: { tolerations: [{ key: "dedicated", value: "db" }] },
      kind: "wanted",
    },
    {
      name: "one whose value isn't tolerated",
      taints: [dedicated],
      settings: { tolerations: [{ key: "dedicated", operator: "Equal", value: "web" }] },
      kind: "keptAway",
    },
    {
      name: "one whose effect isn't tolerated",
      taints: [taint("dedicated", "NoExecute")],
      settings: { tolerations: [{ key: "dedicated", operator: "Exists", effect: "NoSchedule" }] },
      kind: "keptAway",
    },
    {
      name: "the second one, where only the first is tolerated",
      taints: [dedicated, taint("gpu", "NoSchedule")],
      settings: { tolerations: [{ key: "dedicated", operator: "Exists" }] },
      kind: "keptAway",
    },
    { name: "no cordon", taints: [taint("node.kubernetes.io/unschedulable", "NoSchedule")], kind: "wanted" },
    {
      name: "no pressure on disk, memory or processes",
      taints: ["disk", "memory", "pid"].map((what) => taint(`node.kubernetes.io/${what}-pressure`, "NoSchedule")),
      kind: "wanted",
    },
    {
      name: "no NoExecute of a node that isn't ready or reachable",
      taints: [
        taint("node.kubernetes.io/not-ready", "NoExecute"),
        taint("node.kubernetes.io/unreachable", "NoExecute"),
      ],
      kind: "wanted",
    },
    {
      name: "a missing pod network",
      taints: [taint("node.kubernetes.io/network-unavailable", "NoSchedule")],
      kind: "keptAway",
    },
    {
      name: "no missing pod network, where the agent uses the node's own",
      taints: [taint("node.kubernetes.io/network-unavailable", "NoSchedule")],
      settings: { hostNetwork: true },
      kind: "wanted",
    },
  ])("$name", ({ taints, settings, kind }) => {
    expect(covered({ taints }, settings).kind).toBe(kind);
  });
});
