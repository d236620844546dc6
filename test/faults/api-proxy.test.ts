import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { startApiProxy } from "./api-proxy.ts";
import type { ApiProxy } from "./api-proxy.ts";

/* What tests of crashes rely on: which requests count as writes, and what has happened when they hear of one. */

const POD = "/api/v1/namespaces/x/pods/a";

let server: Server;
let proxy: ApiProxy;
let done: string[];

beforeEach(async () => {
  done = [];
  server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      done.push(`${request.method} ${request.url}`);
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy = await startApiProxy({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: "" });
});

afterEach(async () => {
  await proxy.stop();
  await new Promise((resolve) => server.close(resolve));
});

async function send(method: string, path: string): Promise<number> {
  const answer = await fetch(`${proxy.url}${path}`, { method, ...(method !== "GET" && { body: "{}" }) });
  await answer.text();
  return answer.status;
}

describe("a proxy that waits for a write", () => {
  test("counts neither reads nor dry runs nor the lease nor events", async () => {
    proxy.become({ kind: "none" });
    await send("GET", POD);
    await send("POST", "/api/v1/namespaces/x/pods?dryRun=All&fieldManager=m");
    await send("PUT", "/apis/coordination.k8s.io/v1/namespaces/x/leases/l");
    await send("POST", "/api/v1/namespaces/x/events");
    expect(proxy.written()).toEqual([]);
    await send("PATCH", "/apis/kloudmate.com/v1alpha1/namespaces/x/kmagents/k/status?force=true");
    await send("DELETE", POD);
    expect(proxy.written()).toEqual(["PATCH kmagents/k/status", "DELETE pods/a"]);
  });

  test("tells of the nth one when it is done and its answer is on its way", async () => {
    const told: string[] = [];
    proxy.become({ kind: "afterWrite", nth: 2, answer: "given", then: (write) => told.push(write) });
    await send("DELETE", POD);
    expect(told).toEqual([]);
    expect(await send("PATCH", POD)).toBe(200);
    expect(told).toEqual(["PATCH pods/a"]);
    await send("DELETE", POD);
    expect(told).toEqual(["PATCH pods/a"]);
    expect(done).toHaveLength(3);
  });

  test("loses the answer of one that is done", async () => {
    const told: string[] = [];
    const then = () => told.push(...done);
    proxy.become({ kind: "afterWrite", nth: 1, answer: "lost", then });
    await expect(send("DELETE", POD)).rejects.toThrow();
    expect(told).toEqual([`DELETE ${POD}`]);
    expect(await send("DELETE", POD)).toBe(200);
  });
});
