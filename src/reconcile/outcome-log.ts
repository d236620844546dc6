import type { LogFields } from "../telemetry/log.ts";
import type { EventNote } from "./condition-events.ts";
import type { Outcome } from "./execute.ts";
import { objectId } from "./object-id.ts";

/** A line of the log about one write. */
export interface OutcomeLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: LogFields;
  readonly message: string;
}

/** What the log says of a write's outcome; `statusEvents` are what a status says that was written. */
export function outcomeLines(outcome: Outcome, statusEvents: readonly EventNote[]): OutcomeLine[] {
  switch (outcome.kind) {
    case "applied": {
      const { because, drifted, warnings } = outcome;
      const object = objectId(outcome.object);
      const fields = { object, because, fields: drifted.map(({ path }) => path) };
      return [
        line("info", fields, "applied"),
        ...warnings.map((warning) => line("warn", { object, warning }, "API server warns")),
      ];
    }
    case "left":
      return [line("debug", { object: objectId(outcome.object) }, "left as it was found")];
    case "foreign":
      return [line("warn", { object: objectId(outcome.object), owner: outcome.owner }, "left untouched: not ours")];
    case "refused":
      return [line("error", { object: objectId(outcome.object), err: outcome.error }, "refused by the API server")];
    case "deleted":
      return [line("info", { object: objectId(outcome.object) }, "deleted")];
    case "notOrphaned":
      return [line("debug", { object: objectId(outcome.object) }, "not deleted: its owner is there")];
    case "canaryTried":
      return [line("debug", { object: objectId(outcome.object) }, "a canary's pod would be taken")];
    case "canaryRefused": {
      const fields = { object: objectId(outcome.object), refusal: outcome.verdict.kind };
      return [line("warn", fields, "a canary's pod is refused")];
    }
    case "podCreated":
      return [line("info", { object: objectId(outcome.object) }, "canary's pod made")];
    case "annotated":
      return [line("info", { object: objectId(outcome.object) }, "noted")];
    case "podTried":
      return [line("debug", { refusal: outcome.verdict?.kind ?? "none" }, "tried a pod by dry run")];
    case "statusWritten":
      return [
        line("debug", {}, "status written"),
        // Events are gone after an hour; why a revision was taken back is asked the day after.
        ...statusEvents.map(({ type, reason, message }) =>
          line(type === "Warning" ? "warn" : "info", { reason, message }, "status turned"),
        ),
      ];
    case "failed":
      return [line("warn", { what: outcome.what, err: outcome.error }, "write failed")];
    default:
      return outcome satisfies never;
  }
}

function line(level: OutcomeLine["level"], fields: LogFields, message: string): OutcomeLine {
  return { level, fields, message };
}
