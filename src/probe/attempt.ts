import { connect } from "node:net";
import type { Clock } from "../api/clock.ts";
import type { ProbeOutcome } from "../health/observation.ts";
import { createAnswerReader } from "./answer.ts";

/** What one attempt gave: an outcome, or a fault of the operator's own side that says nothing about the collector. */
export type Attempt = { readonly outcome: ProbeOutcome } | { readonly ours: string };

/** Whom to ask: a pod's address and port. */
export interface Endpoint {
  /** IPv4 or IPv6, without brackets. */
  readonly ip: string;
  readonly port: number;
}

/** Does one attempt; never rejects. The prober's tests put another one in the place of `attempt`. */
export type AttemptFunction = (endpoint: Endpoint, timeoutMs: number, signal: AbortSignal) => Promise<Attempt>;

/** Errors that mean that we, not the collector, ran out of something. */
const OURS = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL", "EAGAIN"]);

/** Pieces of 4 KiB are read into a buffer that each slot reuses: an answer needs one, and 64 slots a quarter of a megabyte. */
const PIECE = 4_096;

/**
 * Makes the function that asks `GET /` over a socket of its own, without following redirects. `timeoutMs` holds for all of it,
 * connecting included. A raw socket, for it costs half the CPU time and memory of `node:http`, measured with 5,000 probes in a row,
 * and no client for many requests helps where each goes to another address.
 */
export function createAttempt(clock: Clock): AttemptFunction {
  const spare: Uint8Array[] = [];
  return (endpoint, timeoutMs, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve({ ours: "stopping" });
        return;
      }
      const buffer = spare.pop() ?? new Uint8Array(PIECE);
      const reader = createAnswerReader();
      const startedAt = clock.now();
      const socket = connect({
        host: endpoint.ip,
        port: endpoint.port,
        autoSelectFamily: false,
        onread: {
          buffer,
          callback: (count) => {
            const outcome = reader.push(buffer.subarray(0, count));
            if (outcome !== null) finish({ outcome });
            return true;
          },
        },
      });
      const cancelTimer = clock.after(timeoutMs, () => {
        // A process that was stopped finds all its timers due at once: that is no collector's fault.
        const late = clock.now() - startedAt > 2 * timeoutMs + 500;
        finish(late ? { ours: "the operator itself was stopped" } : { outcome: { kind: "timeout" } });
      });
      const abort = () => finish({ ours: "stopping" });
      let finished = false;
      const finish = (attempt: Attempt) => {
        if (finished) return;
        finished = true;
        cancelTimer();
        signal.removeEventListener("abort", abort);
        socket.destroy();
        resolve(attempt);
      };
      signal.addEventListener("abort", abort);
      socket.on("end", () => finish({ outcome: reader.end() }));
      socket.on("error", (error: NodeJS.ErrnoException) => finish(attemptOf(error)));
      socket.on("close", () => {
        finish({ outcome: reader.end() });
        spare.push(buffer);
      });
      socket.write(requestTo(endpoint));
    });
}

/** HTTP/1.0: the other side closes after its answer and never chunks it. */
const requestTo = ({ ip, port }: Endpoint) =>
  `GET / HTTP/1.0\r\nHost: ${ip.includes(":") ? `[${ip}]` : ip}:${port}\r\nUser-Agent: kmagent-operator\r\nAccept: application/json\r\nConnection: close\r\n\r\n`;

function attemptOf(error: NodeJS.ErrnoException): Attempt {
  const code = error.code ?? "unknown error";
  if (OURS.has(code)) return { ours: code };
  if (code === "ECONNREFUSED") return { outcome: { kind: "refused" } };
  if (code === "ETIMEDOUT") return { outcome: { kind: "timeout" } };
  return { outcome: { kind: "unreachable", detail: DETAIL[code] ?? code } };
}

const DETAIL: Readonly<Record<string, string>> = {
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  EHOSTUNREACH: "no route to the pod's address",
  ENETUNREACH: "no route to the pod's network",
  EHOSTDOWN: "the node doesn't answer on its network",
  EACCES: "a local firewall refuses the connection",
  EPERM: "a local firewall refuses the connection",
};
