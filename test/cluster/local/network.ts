import { z } from "zod";
import { run } from "../command.ts";
import { slotIsFree } from "./network-plan.ts";
import type { NetworkPlan, NodePlan } from "./network-plan.ts";
import { slotsInOrder } from "./identity.ts";
import { inMachine } from "./machine.ts";

const routes = z.array(z.object({ dst: z.string() }));
const links = z.array(z.object({ ifname: z.string() }));

/** The first slot, from the preferred one on, into which no route of this machine leads. */
export async function freeSlot(preferred: number, signal: AbortSignal): Promise<number> {
  const { stdout } = await run(["ip", "-json", "-4", "route", "show", "table", "all"], signal);
  const taken = routes.parse(JSON.parse(stdout)).map(({ dst }) => dst);
  const slot = slotsInOrder(preferred).find((candidate) => slotIsFree(candidate, taken));
  if (slot === undefined) throw new Error("no 10.100.0.0/16 to 10.199.0.0/16 is free on this machine");
  return slot;
}

/**
 * Makes the bridge between the host and the nodes. Forwarding is switched on for the bridge alone, not for the machine, and so goes away with it.
 */
export async function createBridge(plan: NetworkPlan, signal: AbortSignal): Promise<void> {
  const { bridge } = plan;
  await run(["ip", "link", "add", bridge, "type", "bridge"], signal);
  await run(["ip", "address", "add", `${plan.hostAddress}/24`, "dev", bridge], signal);
  await run(["ip", "link", "set", bridge, "up"], signal);
  // Nodes reach each other's pods through the host: no redirect shall tell them of a shorter way.
  await run(
    ["sysctl", "-qw", `net.ipv4.conf.${bridge}.forwarding=1`, `net.ipv4.conf.${bridge}.send_redirects=0`],
    signal,
  );
  // Docker sets the policy of FORWARD to DROP. The rule names the bridge, by which it is found again.
  if ((await run(["iptables", "-w", "-S", "FORWARD"], signal)).stdout.startsWith("-P FORWARD DROP")) {
    await run(["iptables", "-w", "-I", "FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT"], signal);
  }
}

/** Lays the cable from the bridge to a node, whose namespaces exist, and sets the routes at both ends. */
export async function connectNode(
  plan: NetworkPlan,
  node: NodePlan,
  machinePid: number,
  signal: AbortSignal,
): Promise<void> {
  const host = ["ip", "-batch", "-"];
  await run(host, signal, {
    input: [
      `link add ${node.hostInterface} type veth peer name eth0 netns ${String(machinePid)}`,
      `link set ${node.hostInterface} master ${plan.bridge} up`,
      `route add ${node.podRange} via ${node.address} dev ${plan.bridge}`,
      "",
    ].join("\n"),
  });
  await run(inMachine(machinePid, host), signal, {
    input: [
      "link set lo up",
      `address add ${node.address}/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${plan.hostAddress}`,
      "",
    ].join("\n"),
  });
  await run(inMachine(machinePid, ["sysctl", "-qw", "net.ipv4.ip_forward=1"]), signal);
}

/** Takes a node's route and cable away; both may be gone already. */
export async function disconnectNode(node: NodePlan, signal: AbortSignal): Promise<void> {
  await run(["ip", "route", "flush", "exact", node.podRange], signal);
  await deleteLinks([node.hostInterface], signal);
}

/** Names of the interfaces that are a cluster's: the bridge and whatever hangs on it. */
export async function clusterLinks(bridge: string, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await run(["ip", "-json", "link"], signal);
  return links
    .parse(JSON.parse(stdout))
    .map(({ ifname }) => ifname)
    .filter((name) => name === bridge || name.startsWith(`${bridge}n`));
}

/** The cluster's rules among the machine's own, as `iptables -S` prints them. */
export async function clusterRules(bridge: string, signal: AbortSignal): Promise<string[]> {
  const { stdout } = await run(["iptables", "-w", "-S", "FORWARD"], signal);
  return stdout.split("\n").filter((rule) => rule.split(" ").includes(bridge));
}

/** Takes the bridge, what hangs on it and its rules away; all of them may be gone already. Routes go with the bridge. */
export async function deleteNetwork(bridge: string, signal: AbortSignal): Promise<void> {
  await deleteLinks(await clusterLinks(bridge, signal), signal);
  for (const rule of await clusterRules(bridge, signal))
    await run(["iptables", "-w", ...rule.replace(/^-A/, "-D").split(" ")], signal);
}

/** A cable's end goes by itself once the kernel has ended the other end's namespace: whether that was before or after our command doesn't matter. */
async function deleteLinks(names: readonly string[], signal: AbortSignal): Promise<void> {
  const { stdout } = await run(["ip", "-json", "link"], signal);
  const present = new Set(links.parse(JSON.parse(stdout)).map(({ ifname }) => ifname));
  const wanted = names.filter((name) => present.has(name)).map((name) => `link delete ${name}\n`);
  if (wanted.length > 0)
    await run(["ip", "-force", "-batch", "-"], signal, { input: wanted.join("") }).catch(async (error: unknown) => {
      const left = links
        .parse(JSON.parse((await run(["ip", "-json", "link"], signal)).stdout))
        .map(({ ifname }) => ifname);
      if (names.some((name) => left.includes(name))) throw error;
    });
}
