import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/** How the simulator answers. `hostname` narrows it to one sender, `times` to that many calls; after that it is spent. */
export type Behaviour = { readonly hostname?: string; readonly times?: number } & (
  | { readonly kind: "ok" }
  /** 200 with this body, such as a configuration. */
  | { readonly kind: "config"; readonly body: unknown; readonly gzip?: boolean }
  /** Any status with a short body, `Retry-After` where given. */
  | { readonly kind: "status"; readonly code: number; readonly retryAfter?: string }
  | { readonly kind: "redirect"; readonly location: string; readonly code?: number }
  /** 200 and HTML. */
  | { readonly kind: "garbage" }
  /** 200 and JSON of this many megabytes, without a length; 50 where not said. */
  | { readonly kind: "huge"; readonly megabytes?: number }
  /** 200 and some kilobytes of gzip that unpack to this many megabytes; 100 where not said. */
  | { readonly kind: "bomb"; readonly megabytes?: number }
  /** 200 and one byte a second. */
  | { readonly kind: "trickle" }
  /** The request is read and never answered. */
  | { readonly kind: "silence" }
  /** The connection is closed in place of an answer, or after half of one. */
  | { readonly kind: "close"; readonly halfway?: boolean }
);

const MEGABYTE = 1024 * 1024;

/** Answers as told. Whatever still runs ends with `signal` or when the client goes. */
export function answer(behaviour: Behaviour, response: ServerResponse, signal: AbortSignal): void {
  switch (behaviour.kind) {
    case "ok":
      json(response, 200, {});
      break;
    case "config":
      if (behaviour.gzip === true) {
        response.setHeader("content-encoding", "gzip");
        response.end(gzipSync(JSON.stringify(behaviour.body)));
      } else json(response, 200, behaviour.body);
      break;
    case "status":
      if (behaviour.retryAfter !== undefined) response.setHeader("retry-after", behaviour.retryAfter);
      json(response, behaviour.code, { error: "the simulator was told to answer so" });
      break;
    case "redirect":
      response.setHeader("location", behaviour.location);
      json(response, behaviour.code ?? 302, {});
      break;
    case "garbage":
      response.setHeader("content-type", "text/html");
      response.end("<html><body>Please log in to the guest network</body></html>");
      break;
    case "huge":
      huge(response, behaviour.megabytes ?? 50);
      break;
    case "bomb":
      response.setHeader("content-encoding", "gzip");
      response.setHeader("content-type", "application/json");
      response.end(gzipBomb(behaviour.megabytes ?? 100));
      break;
    case "trickle":
      trickle(response, signal);
      break;
    case "silence":
      break;
    case "close":
      if (behaviour.halfway === true) {
        response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
        response.write('{"restart_required"', () => response.destroy());
      } else response.destroy();
      break;
    default:
      behaviour satisfies never;
  }
}

/** A JSON body with its length, so that the connection stays usable. */
export function json(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

/** Gzip may be several members one after the other, so one megabyte is packed once and repeated. */
function gzipBomb(megabytes: number): Buffer {
  const member = gzipSync(Buffer.alloc(MEGABYTE, " "));
  return Buffer.concat(Array.from({ length: megabytes }, () => member));
}

function huge(response: ServerResponse, megabytes: number): void {
  response.setHeader("content-type", "application/json");
  const block = Buffer.alloc(MEGABYTE, " ");
  let left = megabytes;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1;
      if (!response.write(block)) return void response.once("drain", more);
    }
    if (!response.destroyed) response.end("{}");
  };
  more();
}

function trickle(response: ServerResponse, signal: AbortSignal): void {
  response.setHeader("content-type", "application/json");
  response.write("{");
  const timer = setInterval(() => response.write(" "), 1000);
  const end = () => clearInterval(timer);
  response.once("close", end);
  signal.addEventListener("abort", end, { once: true });
}
