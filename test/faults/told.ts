import { EVENTS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import type { Installation, World } from "../installation/world.ts";
import type { EventObject } from "./ground.ts";

/** What one installation has told of its KmAgent, wherever it tells something. */
export interface Told {
  /** Messages of events with this reason. */
  events(reason: string): Promise<readonly string[]>;
  /** Messages of the operator's log that carry this reason. */
  log(reason: string): Promise<readonly string[]>;
  /** What check-ins have said in words. */
  platform(): Promise<readonly string[]>;
  /** Waits until an event, the log and a check-in tell that this revision, made of this configuration, was taken back in these words. */
  rollback(revision: string, hash: string, words: RegExp): Promise<void>;
}

/** Listens to one installation. */
export function toldBy({ kubectl, api }: World, { namespace, platform }: Installation): Told {
  const events = async (reason: string) => {
    const all = await api.list<EventObject>(resourcePath(EVENTS, namespace));
    return all.filter((event) => event.reason === reason).map(({ message }) => message);
  };
  const log = async (reason: string) => {
    const pod = "app.kubernetes.io/name=kmagent-operator";
    const { stdout } = await kubectl(["logs", "-n", namespace, "-l", pod, "--tail=-1"]);
    return stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as { reason?: string; message?: string })
      .flatMap((line) => (line.reason === reason ? [line.message ?? ""] : []));
  };
  const checkIns = async () =>
    (await platform.records()).flatMap(({ payload }) => {
      const { platform: kind, last_error_message: text } = payload as {
        platform?: string;
        last_error_message?: string;
      };
      return kind === "k8s" && text !== undefined && text !== "" ? [text] : [];
    });
  return {
    events,
    log,
    platform: checkIns,
    async rollback(revision, hash, words) {
      const isIt = (text: string) =>
        words.test(text) && (text.includes(revision) || (text.includes(hash) && text.includes("was rolled back")));
      await eventually(
        `event, log and platform say ${words}`,
        async () => {
          const said = { event: await events("RolledBack"), log: await log("RolledBack"), platform: await checkIns() };
          for (const [where, texts] of Object.entries(said)) {
            if (!texts.some(isIt)) throw new Error(`the ${where}'s last word: ${texts.at(-1) ?? "none"}`);
          }
          return true;
        },
        { withinMs: 45_000, everyMs: 1_000 },
      );
    },
  };
}
