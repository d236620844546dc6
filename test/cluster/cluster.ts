/** How a cluster came to be: made by us on this machine, by kind, or there already. */
export type Provider = "local" | "kind" | "kubeconfig";

/** One node, as far as tests and demo need to know it. */
export interface ClusterNode {
  readonly name: string;
  /** Its InternalIP. */
  readonly address: string;
  /** The range of its pods' addresses; undefined where the provider can't tell. */
  readonly podRange?: string;
}

/** A container of a pod, on whichever node it runs. */
export interface ContainerTarget {
  readonly podUid: string;
  readonly container: string;
}

/** A registry that this machine pushes to; plain http, or https of whatever certificate. */
export interface Registry {
  /** `host:port`, the same from the host and from the nodes: the first part of an image's name. */
  readonly host: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** What a program that ran inside a node printed. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** One entry of the API server's audit log: what tests ask of it, other fields stay as they are. Times are RFC 3339 with microseconds. */
export interface AuditEvent {
  readonly auditID: string;
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly verb: string;
  readonly requestURI: string;
  /** The name is empty where the request wasn't authenticated. */
  readonly user: {
    readonly username: string;
    readonly groups?: readonly string[] | undefined;
    /** For a service account's token, `authentication.kubernetes.io/credential-id` is the one that was used. */
    readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
  };
  readonly userAgent?: string | undefined;
  readonly objectRef?:
    | {
        readonly resource: string;
        readonly apiGroup?: string | undefined;
        readonly namespace?: string | undefined;
        readonly name?: string | undefined;
        readonly subresource?: string | undefined;
      }
    | undefined;
  readonly responseStatus?: { readonly code?: number | undefined; readonly reason?: string | undefined } | undefined;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  /** Bodies, for writes of our own resources. */
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
}

/** What can be done to a cluster's machines, from outside. Every function waits until it is done. */
export interface Faults {
  /** SIGTERM, then SIGKILL: the node's pods run on, and it turns NotReady after about 20 s. */
  stopKubelet(node: string, signal: AbortSignal): Promise<void>;
  /** Starts it again and waits until the node is Ready. */
  startKubelet(node: string, signal: AbortSignal): Promise<void>;
  stopApiServer(signal: AbortSignal): Promise<void>;
  /** Same address, same data, and these flags beyond ours (which they override); waits until it is ready. */
  startApiServer(signal: AbortSignal, extraFlags?: readonly string[]): Promise<void>;
  /** SIGSTOP or SIGCONT of one of the control plane's programs: its sockets stay open and say nothing. */
  signalControlPlane(program: "kube-apiserver" | "kube-controller-manager", signal: NodeJS.Signals): void;
  /** Makes etcd forget all but the present revision: older resource versions answer 410 once the API server's own cache is gone. */
  compactEtcd(signal: AbortSignal): Promise<void>;
  /** Adds a node and waits until it is Ready. */
  addNode(signal: AbortSignal): Promise<ClusterNode>;
  /** Ends a node, all that runs on it, and its Node object. */
  removeNode(node: string, signal: AbortSignal): Promise<void>;
  /** Kills a node's machine as a power cut does: the Node object stays. Only {@link removeNode} may follow. */
  killNode(node: string, signal: AbortSignal): Promise<void>;
  /** Runs a program of this machine in the namespaces of a node, for example `curl http://localhost:13133/`. */
  exec(node: string, argv: readonly string[], signal: AbortSignal, input?: string): Promise<ExecResult>;
  /** Signals every process of a container (SIGSTOP, SIGCONT, SIGKILL); says how many there were. */
  signalContainer(target: ContainerTarget, processSignal: NodeJS.Signals, signal: AbortSignal): Promise<number>;
  /** The audit log's entries that ended at this time or later, in their order; ends with the newest one written so far. */
  auditEvents(since: Date, signal: AbortSignal): AsyncIterable<AuditEvent>;
  /** Starts a registry that asks for a password, where none runs yet. */
  privateRegistry(signal: AbortSignal): Promise<Registry>;
}

/** A running cluster. */
export interface Cluster extends Faults {
  readonly provider: Provider;
  readonly kubeconfigPath: string;
  /** The nodes as they are now. */
  nodes(signal: AbortSignal): Promise<readonly ClusterNode[]>;
  /** Where images are pushed to; undefined where none is known. */
  readonly registry: Registry | undefined;
  /** Address of this machine as pods see it: a platform simulator that listens on it can be reached from the cluster. Undefined where unknown. */
  readonly hostAddress: string | undefined;
}
