import type { Answer } from "../remote/ask.ts";
import { describeWait } from "../remote/note.ts";
import { COMPONENTS } from "../remote/record.ts";
import type { ComponentNote } from "../remote/remote.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Plan } from "./plan.ts";
import type { KmAgentRecord } from "./project.ts";

/** Phases of both kinds of rollouts in which pods are made anew to prove or to follow a revision; a first install restarts nothing. */
const MOVING: ReadonlySet<string> = new Set(["Canary", "Progressing", "Trying"]);

/**
 * Log and metric of what came of the platform's answers. Three of the vendor's monitoring page's messages are here, word for
 * word, each where it is true: `no configuration change detected`, `configuration changed, restarting collector` and
 * `collector restarted successfully`.
 */
export class RemoteLog {
  readonly #log: Log;
  readonly #metrics: Pick<Metrics, "add">;
  /** Hash of the configuration without a wish that was told of last, by KmAgent and component. */
  readonly #unasked = new Map<string, string>();
  /** Revision to which collectors are being restarted, by KmAgent and component. */
  readonly #restarting = new Map<string, string>();

  constructor(log: Log, metrics: Pick<Metrics, "add">) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** Tells of one pass. */
  tell(kmagent: KmAgentRecord, answers: readonly Answer[], plan: Plan): void {
    const log = this.#log.child({ kmagent: kmagent.key });
    if (kmagent.spec?.platform.remoteConfig.mode === "Disabled" && answers.length > 0) {
      log.debug({}, "the platform's answer is ignored, for platform.remoteConfig.mode is Disabled");
    }
    for (const note of plan.remote?.notes ?? []) this.#note(note, kmagent, plan, log);
    this.#followRestart(kmagent, plan, log);
  }

  /** Forgets a KmAgent that is gone. */
  forget(uid: string): void {
    for (const component of COMPONENTS) {
      this.#restarting.delete(`${uid} ${component}`);
      this.#unasked.delete(`${uid} ${component}`);
    }
  }

  #note(note: ComponentNote, kmagent: KmAgentRecord, plan: Plan, log: Log): void {
    const { component } = note;
    const count = (verdict: string, rule = "") =>
      this.#metrics.add("kmagent_operator_remote_configs_total", { component, verdict, rule });
    switch (note.kind) {
      case "accepted": {
        count("accepted");
        const fields = { component, hash: note.hash };
        if (plan.remote?.without.has(component) === true) {
          log.info(fields, "configuration accepted; it is kept, for the spec goes before it");
        } else if (kmagent.spec?.paused === true) {
          log.info(fields, "configuration accepted; it is kept until spec.paused is false");
        } else log.info(fields, "configuration changed, restarting collector");
        break;
      }
      case "kept":
        count("kept");
        log.info({ component, hash: note.hash }, "configuration accepted; it is what counts already, so nothing moves");
        break;
      case "waits":
        count("waits");
        log.info({ component, hash: note.hash }, `configuration accepted; it waits for ${describeWait(note.wait)}`);
        break;
      case "refused": {
        const { hash, rule, path, message } = note.refused;
        count("refused", rule);
        const place = path === "" ? "" : `${path}: `;
        log.error(
          { component, hash, rule, path },
          `Periodic config check failed: configuration refused: ${place}${message}`,
        );
        break;
      }
      case "refusedSince": {
        const { hash, rule, path, message } = note;
        count("refused", rule);
        const place = path === "" ? "" : `${path}: `;
        log.error({ component, hash, rule, path }, `accepted configuration is refused now: ${place}${message}`);
        break;
      }
      case "rolledBack": {
        const { hash, revision, reason, message } = note.rolledBack;
        count("rolledBack");
        log.warn(
          { component, hash, revision, reason, error: message },
          "configuration rolled back; what was proved before counts again",
        );
        break;
      }
      case "restart":
        if (kmagent.spec?.paused === true) {
          log.info({ component }, "restart requested by the platform; it is kept until spec.paused is false");
        } else log.info({ component }, "restart requested by the platform, restarting collector");
        break;
      case "restartWaits":
        log.info({ component }, `restart requested by the platform; it waits for ${describeWait(note.wait)}`);
        break;
      case "same":
        count("same");
        log.debug({ component, hash: note.hash }, "no configuration change detected");
        break;
      case "unasked": {
        count("ignored");
        const key = `${kmagent.uid} ${component}`;
        const level = this.#unasked.get(key) === note.hash ? "debug" : "info";
        this.#unasked.set(key, note.hash);
        log[level]({ component, hash: note.hash }, "configuration without restart_required ignored");
        break;
      }
      default:
        note satisfies never;
    }
  }

  /** A restart has succeeded once everything that can be moved runs what was tried, and not when it was begun. */
  #followRestart({ uid }: KmAgentRecord, plan: Plan, log: Log): void {
    const { rollout, clusterAgent } = plan.status;
    const turns = { "node-agent": rollout, "cluster-agent": clusterAgent };
    for (const component of COMPONENTS) {
      const { phase = "", target = "" } = turns[component] ?? {};
      const key = `${uid} ${component}`;
      if (MOVING.has(phase)) {
        this.#restarting.set(key, target);
        continue;
      }
      const tried = this.#restarting.get(key);
      this.#restarting.delete(key);
      if (phase !== "Complete" || tried !== target) continue;
      const nodes = component === "node-agent" ? { nodes: rollout?.updated } : {};
      log.info({ component, revision: target, ...nodes }, "collector restarted successfully");
    }
  }
}
