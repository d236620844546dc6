import type { Clock } from "../api/clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { CheckIn } from "./check-in.ts";
import type { CheckInPlan } from "./check-in.ts";
import { createPlatformClient } from "./client.ts";
import type { PlatformClient } from "./client.ts";
import { NodeChannel } from "./node-channel.ts";
import { NodeReports } from "./node-reports.ts";
import type { Outcome } from "./outcome.ts";
import { checkInRequest, hostnameOf, nodeReport, removedCheckIn } from "./payload.ts";
import type { ClusterReport, Naming, OperatorIdentity, ReportedNode } from "./payload.ts";
import { afterOutcome, notContacted, worstOf } from "./platform-state.ts";
import type { PlatformState } from "./platform-state.ts";
import { asksForChange } from "./wire.ts";
import type { CheckInRequest, HeardAnswer } from "./wire.ts";
import type { Distribution } from "./versions.ts";

/** How one KmAgent's cluster speaks to the platform. Times are milliseconds. */
export interface LinkSettings {
  /** `namespace/name`, for logs. */
  readonly kmagent: string;
  readonly endpoint: string;
  /** Sent verbatim; `null` while it isn't known, and then nothing is sent. */
  readonly apiKey: string | null;
  readonly clusterName: string;
  readonly nodeReports: {
    readonly enabled: boolean;
    readonly intervalMs: number;
    readonly hostname: Naming["hostname"];
  };
  readonly checkIntervalMs: number;
  readonly proxy: { readonly httpsProxy: string | null; readonly noProxy: string | null };
  /** PEM text. */
  readonly caBundle: string | null;
  readonly distribution: Distribution;
}

/** What is true of the cluster now. */
export interface FleetReport {
  /** Every node; one that didn't change should be the same object as before, which saves work. */
  readonly nodes: readonly ReportedNode[];
  readonly cluster: ClusterReport;
}

/** What a link shares with the others. */
export interface LinkContext {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Pick<Metrics, "add">;
  readonly operator: OperatorIdentity;
  readonly onStateChange: (state: PlatformState) => void;
  readonly onAnswer: (answer: HeardAnswer) => void;
}

/** How long the platform is told of removed agents at most. */
const REMOVAL_MS = 10_000;

/** One KmAgent and the platform: its node reports, its check-in, and how the two fare. */
export class Link {
  readonly #context: LinkContext;
  readonly #log: Log;
  readonly #reports: NodeReports;
  readonly #checkIn: CheckIn;
  readonly #closing = new Set<Promise<void>>();
  #settings: LinkSettings;
  #client: PlatformClient | null = null;
  #nodes = new Map<string, ReportedNode>();
  #fleet: FleetReport | null = null;
  readonly #nodeChannel = new NodeChannel();
  #checkInChannel = notContacted();
  #state: PlatformState = this.#checkInChannel.state;
  #toldOfNodeConfig = false;
  /** `id` of the news that the check-in under way carries, and of the last that the platform has taken. */
  #newsUnderWay = "";
  #newsTaken = "";

  constructor(settings: LinkSettings, context: LinkContext) {
    this.#context = context;
    this.#settings = settings;
    this.#log = context.log.child({ kmagent: settings.kmagent });
    const { clock, random } = context;
    this.#reports = new NodeReports({
      clock,
      random,
      intervalMs: settings.nodeReports.intervalMs,
      post: (report, signal) => this.#post("node", report, signal),
      onOutcome: (outcome, { hostname }) => this.#heardOfNode(outcome, hostname),
    });
    this.#checkIn = new CheckIn({
      clock,
      random,
      log: this.#log,
      post: (payload, signal) => this.#post("checkIn", payload, signal),
      request: () => this.#request(),
      onOutcome: (outcome) => {
        if (outcome.kind === "ok") this.#newsTaken = this.#newsUnderWay;
        this.#checkInChannel = afterOutcome(this.#checkInChannel, outcome);
        this.#judge();
      },
      onAnswer: context.onAnswer,
    });
    this.#connect();
  }

  get state(): PlatformState {
    return this.#state;
  }

  get endpoint(): string {
    return this.#settings.endpoint;
  }

  /** Nodes whose newest state waits to be sent. */
  get waiting(): number {
    return this.#reports.waiting;
  }

  /** Names under which nodes are reported now. */
  hostnames(): Iterable<string> {
    return this.#reports.hostnames();
  }

  /** Goes on by other settings. What concerns the connection begins anew and is tried at once. */
  configure(settings: LinkSettings): void {
    const old = this.#settings;
    if (JSON.stringify(old) === JSON.stringify(settings)) return;
    this.#settings = settings;
    if (JSON.stringify(connectionOf(old)) !== JSON.stringify(connectionOf(settings))) this.#connect();
    else if (settings.apiKey !== null) this.#checkIn.start(this.#checkInPlan);
    this.#reports.setInterval(settings.nodeReports.intervalMs);
    if (!settings.nodeReports.enabled && old.nodeReports.enabled) this.#forgetNodes();
    if (this.#fleet !== null && JSON.stringify(shapeOf(old)) !== JSON.stringify(shapeOf(settings))) this.#rebuild(old);
  }

  /** Takes the present state of all nodes and of the cluster. */
  update(fleet: FleetReport): void {
    const first = this.#fleet === null;
    this.#fleet = fleet;
    if (this.#settings.nodeReports.enabled) this.#putNodes(fleet.nodes);
    if (first) this.#checkIn.checkNow();
  }

  /** Leaves these names to another link, which reports them now. */
  yieldTo(hostnames: Iterable<string>): void {
    this.#reports.forget(hostnames);
  }

  /** Says that all agents were removed, within 10 s and as far as the platform listens, then ends. */
  async retire(): Promise<void> {
    const why = `KmAgent ${this.#settings.kmagent} was deleted.`;
    const last = this.#request();
    const farewell = new AbortController();
    const cancel = this.#context.clock.after(REMOVAL_MS, () => farewell.abort());
    await Promise.all([
      last === null ? undefined : this.#checkIn.sendLast(removedCheckIn(last, why), farewell.signal),
      this.#reports.withdrawAll(why, REMOVAL_MS),
    ]);
    cancel();
    await this.stop();
  }

  /** Resolves when changed nodes were reported, or after `ms`. */
  async flush(ms: number): Promise<void> {
    await this.#reports.flush(ms);
  }

  /** Ends all calls and connections, silently. */
  async stop(): Promise<void> {
    await Promise.all([this.#checkIn.stop(), this.#reports.stop()]);
    this.#disconnect();
    await Promise.all(this.#closing);
  }

  #connect(): void {
    const { endpoint, apiKey, proxy, caBundle } = this.#settings;
    const { clock, operator } = this.#context;
    this.#disconnect();
    if (apiKey === null) {
      this.#reports.pause();
      this.#checkIn.pause();
      const why = "The API key isn't known, so nothing is sent.";
      this.#nodeChannel.reset(why);
      this.#checkInChannel = notContacted(why);
      this.#judge();
      return;
    }
    this.#nodeChannel.forgetAll();
    this.#client = createPlatformClient({ endpoint, apiKey, proxy, caBundle, version: operator.version, clock });
    this.#reports.resume();
    if (this.#checkIn.runs(this.#checkInPlan)) this.#checkIn.checkNow();
    else this.#checkIn.start(this.#checkInPlan);
  }

  #disconnect(): void {
    if (this.#client === null) return;
    const closed = this.#client.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
    this.#client = null;
  }

  get #checkInPlan(): CheckInPlan {
    return { updateURL: this.#settings.endpoint, intervalMs: this.#settings.checkIntervalMs };
  }

  async #post(kind: "node" | "checkIn", payload: object, signal: AbortSignal): Promise<Outcome> {
    if (this.#client === null) return { kind: "aborted", message: "There is no connection." };
    const outcome = await this.#client.post(payload, signal);
    this.#context.metrics.add("kmagent_operator_platform_reports_total", { kind, outcome: outcome.kind });
    return outcome;
  }

  #request(): CheckInRequest | null {
    if (this.#fleet === null) return null;
    const { clusterName, distribution } = this.#settings;
    const { nodes, cluster } = this.#fleet;
    this.#newsUnderWay = cluster.news?.id ?? "";
    const news = this.#newsUnderWay === this.#newsTaken ? null : cluster.news;
    return checkInRequest(nodes, { ...cluster, news }, clusterName, distribution, this.#context.operator);
  }

  #putNodes(nodes: readonly ReportedNode[]): void {
    const present = new Map<string, ReportedNode>();
    const changed: ReportedNode[] = [];
    const excluded: string[] = [];
    for (const node of nodes) {
      if (node.kind === "excluded") {
        if (this.#nodes.has(node.node)) excluded.push(node.node);
        continue;
      }
      // A node that has just joined: its kubelet hasn't said yet what it is, and half the truth would be refused.
      if (node.os === "" || node.architecture === "") continue;
      present.set(node.node, node);
      if (this.#nodes.get(node.node) !== node) changed.push(node);
    }
    const left = new Set(excluded);
    const gone = [...this.#nodes.keys()].filter((name) => !present.has(name) && !left.has(name));
    this.#nodes = present;
    const naming = namingOf(this.#settings);
    const names = (list: readonly string[]) => list.map((node) => hostnameOf(node, naming));
    if (gone.length > 0) this.#withdraw(names(gone), "the node left the cluster.");
    if (excluded.length > 0) this.#withdraw(names(excluded), "the node is no longer selected for an agent.");
    if (changed.length > 0)
      this.#reports.put(changed.map((node) => nodeReport(node, naming, this.#settings.distribution)));
  }

  /** Builds every report anew after a change of how nodes are named or versions are read. */
  #rebuild(old: LinkSettings): void {
    const before = namingOf(old);
    const after = namingOf(this.#settings);
    const renamed = [...this.#nodes.keys()].filter((node) => hostnameOf(node, before) !== hostnameOf(node, after));
    this.#withdraw(
      renamed.map((node) => hostnameOf(node, before)),
      "the node is reported under another name now.",
    );
    this.#nodes = new Map();
    if (this.#fleet !== null) this.update(this.#fleet);
  }

  #withdraw(hostnames: readonly string[], why: string): void {
    this.#reports.withdraw(hostnames, why, REMOVAL_MS);
    this.#nodeChannel.forget(hostnames);
  }

  #forgetNodes(): void {
    this.#reports.forget([...this.#reports.hostnames()]);
    this.#nodes = new Map();
    this.#nodeChannel.reset();
    this.#judge();
  }

  #heardOfNode(outcome: Outcome, hostname: string): void {
    // A farewell that isn't taken says nothing of the nodes that are still there.
    if (outcome.kind === "rejected" && !this.#reports.has(hostname)) return;
    if (this.#nodeChannel.hear(outcome, hostname, this.#nodes.size)) {
      this.#log.warn({ node: hostname, error: outcome.message }, "the platform doesn't take a node's report");
    }
    if (outcome.kind === "ok" && asksForChange(outcome.answer) && !this.#toldOfNodeConfig) {
      this.#toldOfNodeConfig = true;
      this.#log.warn({ node: hostname }, "the platform answers a node's report with a configuration, which is ignored");
    }
    this.#judge();
  }

  #judge(): void {
    const channels = this.#settings.nodeReports.enabled
      ? [this.#nodeChannel, this.#checkInChannel]
      : [this.#checkInChannel];
    const states = channels.map(({ state }) => state);
    const next = worstOf(states, this.#state);
    if (next === this.#state) return;
    const moved = next.kind !== this.#state.kind;
    this.#state = next;
    if (moved) {
      const fields = { updateURL: this.#settings.endpoint, state: next.kind, message: next.message };
      if (next.kind === "connected" || next.kind === "notContacted")
        this.#log.info(fields, "platform connection changed");
      else this.#log.warn(fields, "platform connection changed");
    }
    this.#context.onStateChange(next);
  }
}

function namingOf({ clusterName, nodeReports }: LinkSettings): Naming {
  return { clusterName, hostname: nodeReports.hostname };
}

/** What a change of which needs new connections. */
function connectionOf({ endpoint, apiKey, proxy, caBundle }: LinkSettings): unknown {
  return [endpoint, apiKey, proxy.httpsProxy, proxy.noProxy, caBundle];
}

/** What a change of which changes every report. */
function shapeOf({ clusterName, nodeReports, distribution }: LinkSettings): unknown {
  return [clusterName, nodeReports.hostname, nodeReports.enabled, distribution];
}
