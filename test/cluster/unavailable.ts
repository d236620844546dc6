import type { Faults } from "./cluster.ts";

/** What can be done to machines, for clusters whose machines aren't ours: each says so when it is called. */
export function noFaults(provider: string): Omit<Faults, "privateRegistry"> {
  const refuse = (what: string) => (): never => {
    throw new Error(`${what} needs PROVIDER=local: with PROVIDER=${provider} the cluster's machines aren't ours`);
  };
  return {
    stopKubelet: refuse("stopping a kubelet"),
    startKubelet: refuse("starting a kubelet"),
    stopApiServer: refuse("stopping the API server"),
    startApiServer: refuse("starting the API server"),
    signalControlPlane: refuse("signalling the control plane"),
    compactEtcd: refuse("compacting etcd"),
    addNode: refuse("adding a node"),
    removeNode: refuse("removing a node"),
    killNode: refuse("killing a node"),
    exec: refuse("running a program on a node"),
    signalContainer: refuse("signalling a container"),
    auditEvents: refuse("reading the audit log"),
  };
}
