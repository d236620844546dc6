import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../test/eventually.ts";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { ScriptedApiServer, hang, json, refuse, reset } from "../../test/kube/scripted-api-server.ts";
import type { Step } from "../../test/kube/scripted-api-server.ts";
import { KmError } from "../api/errors.ts";
import { createKubeClient } from "./client.ts";
import type { KubeClient, KubeRequest, RequestSeen } from "./client.ts";
import type { Kubeconfig } from "./kubeconfig.ts";

jest.setTimeout(60_000);

let server: ScriptedApiServer;
let client: KubeClient;
let clock: FakeClock;
let stop: AbortController;
let seen: RequestSeen[];

async function script(
  steps: readonly Step[],
  change: (kubeconfig: Kubeconfig) => Partial<Kubeconfig> = () => ({}),
): Promise<void> {
  server = await ScriptedApiServer.start(steps);
  const kubeconfig = { ...server.kubeconfig, ...change(server.kubeconfig) };
  client = createKubeClient({ kubeconfig, version: "1.2.3", clock, onRequest: (request) => void seen.push(request) });
}

beforeEach(() => {
  clock = new FakeClock();
  stop = new AbortController();
  seen = [];
});

afterEach(async () => {
  await client.close();
  await server.stop();
});

const GET: KubeRequest = { method: "GET", path: "/api/v1/namespaces/ns/pods/a" };
const step = (answer: Step["answer"], more: Partial<Step> = {}): Step => ({ name: "call", answer, ...more });

async function failureOf(promise: Promise<unknown>): Promise<KmError> {
  const outcome = await promise.then(
    () => new Error("it succeeded"),
    (error: unknown) => error,
  );
  if (!(outcome instanceof KmError)) throw outcome as Error;
  return outcome;
}

async function take(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const line of source) all.push(line);
  return all;
}

describe("a call", () => {
  test("carries who we are, what we take, the query and the body", async () => {
    await script([step(json({ ok: 1 }, 201))]);
    const answer = await client.request(
      {
        method: "PATCH",
        path: "/apis/apps/v1/x",
        query: { force: true, limit: 3, gone: undefined },
        body: { a: "ü" },
        contentType: "application/merge-patch+json",
      },
      stop.signal,
    );
    expect(answer).toEqual({ status: 201, body: { ok: 1 }, warnings: [] });
    const [call] = server.calls;
    expect(call).toMatchObject({
      method: "PATCH",
      path: "/apis/apps/v1/x",
      query: { force: "true", limit: "3" },
      body: '{"a":"ü"}',
    });
    expect(call?.headers).toMatchObject({
      "user-agent": "kmagent-operator/1.2.3",
      accept: "application/json",
      "content-type": "application/merge-patch+json",
    });
  });

  test("goes below the path of the kubeconfig's server", async () => {
    await script([step(json({}))], ({ server: url }) => ({ server: `${url}/k8s/clusters/c-1` }));
    const answer = await client.request({ method: "GET", path: "/version" }, stop.signal);
    expect(answer.status).toBe(200);
    expect(server.calls.map(({ path }) => path)).toEqual(["/k8s/clusters/c-1/version"]);
  });

  test("gives the texts of warnings", async () => {
    const warning = '299 - "would violate PodSecurity \\"restricted\\": x", 299 - "spec.y is deprecated, use z"';
    await script([step(json({}, 200, { warning }))]);
    expect((await client.request(GET, stop.signal)).warnings).toEqual([
      'would violate PodSecurity "restricted": x',
      "spec.y is deprecated, use z",
    ]);
  });

  test("gives text as it is where text was asked for", async () => {
    await script([step((response) => void response.end("line 1\nline 2\n"))]);
    expect((await client.request({ ...GET, as: "text" }, stop.signal)).body).toBe("line 1\nline 2\n");
  });

  const refusals = [
    { name: "400", code: 400, reason: "BadRequest", becomes: "Invalid" },
    { name: "401", code: 401, reason: "Unauthorized", becomes: "Unauthorized" },
    { name: "403", code: 403, reason: "Forbidden", becomes: "Forbidden" },
    { name: "404", code: 404, reason: "NotFound", becomes: "NotFound" },
    { name: "409", code: 409, reason: "AlreadyExists", becomes: "Conflict" },
    { name: "410", code: 410, reason: "Expired", becomes: "Gone" },
    { name: "413", code: 413, reason: "RequestEntityTooLarge", becomes: "TooLarge" },
    { name: "415", code: 415, reason: "UnsupportedMediaType", becomes: "Invalid" },
    { name: "422", code: 422, reason: "Invalid", becomes: "Invalid" },
    { name: "429 without an end", code: 429, reason: "TooManyRequests", becomes: "Throttled" },
    { name: "500", code: 500, reason: "InternalError", becomes: "Unavailable" },
    { name: "504", code: 504, reason: "Timeout", becomes: "Timeout" },
  ];
  test.each(refusals)(
    "that is answered with $name fails as $becomes, in the server's words",
    async ({ code, reason, becomes }) => {
      await script([step(refuse(code, reason, { message: "because\u0007 of\nthis" }))]);
      const failure = await failureOf(client.request(GET, stop.signal));
      expect(failure).toMatchObject({ code: becomes, message: "GET /api/v1/namespaces/ns/pods/a: because of this" });
    },
  );

  test("that is refused field by field tells which and why", async () => {
    const details = { causes: [{ reason: "FieldValueInvalid", field: "spec.a", message: "must be b" }, "odd"] };
    await script([step(refuse(422, "Invalid", { details }))]);
    expect((await failureOf(client.request(GET, stop.signal))).causes).toEqual([
      { field: "spec.a", message: "must be b" },
    ]);
  });

  test.each([
    {
      name: "one field",
      said: "failed to create typed patch object (ns/a; apps/v1, Kind=DaemonSet): .spec.affinity.nodeAffinity: expected map, got &{foo}",
      causes: [{ field: "spec.affinity.nodeAffinity", message: "expected map, got &{foo}" }],
    },
    {
      name: "several fields, of which the first one is told",
      said: 'failed to create typed patch object (ns/a; apps/v1, Kind=DaemonSet): errors:\n  .spec.x[name="a"].y: expected list, got &{1}\n  .spec.z: expected map, got &{2}',
      causes: [{ field: 'spec.x[name="a"].y', message: "expected list, got &{1}" }],
    },
    { name: "no field", said: "failed to create typed patch object: no", causes: [] },
  ])("that applies $name of a wrong type is invalid, though the server says 500", async ({ said, causes }) => {
    await script([step(refuse(500, "InternalError", { message: said }))]);
    expect(await failureOf(client.request(GET, stop.signal))).toMatchObject({ code: "Invalid", causes });
  });

  test("that a stranger answers passes nothing of his page on", async () => {
    await script([
      step((response) => void response.writeHead(502, { "content-type": "text/html" }).end("<b>secret gateway</b>")),
    ]);
    const failure = await failureOf(client.request(GET, stop.signal));
    expect(failure).toMatchObject({ code: "Unavailable", message: "GET /api/v1/namespaces/ns/pods/a: HTTP 502" });
  });

  test("that is answered with something else than JSON fails without a word of it", async () => {
    await script([step((response) => void response.end("hunter2"))]);
    const failure = await failureOf(client.request(GET, stop.signal));
    expect(failure.code).toBe("BadResponse");
    expect(failure.message).not.toContain("hunter2");
  });

  test("whose answer passes its bound fails and gives up the connection", async () => {
    await script([step((response) => void response.end("x".repeat(100_000)))]);
    expect((await failureOf(client.request({ ...GET, maxBytes: 50_000 }, stop.signal))).code).toBe("TooLarge");
  });

  test("that isn't answered ends at its deadline", async () => {
    await script([step(hang())]);
    const failure = failureOf(client.request({ ...GET, timeoutMs: 5_000 }, stop.signal));
    await until(() => server.calls.length === 1);
    clock.advance(5_000);
    expect(await failure).toMatchObject({
      code: "Timeout",
      message: "GET /api/v1/namespaces/ns/pods/a: no answer within 5000 ms",
    });
    expect(clock.timers).toBe(0);
  });

  test("whose body stops in the middle ends at its deadline", async () => {
    await script([step((response) => void response.writeHead(200).write("{"))]);
    const failure = failureOf(client.request({ ...GET, timeoutMs: 5_000 }, stop.signal));
    await until(() => seen.length === 1);
    clock.advance(5_000);
    expect((await failure).code).toBe("Timeout");
  });

  test("ends with its signal", async () => {
    await script([step(hang())]);
    const failure = failureOf(client.request(GET, stop.signal));
    await until(() => server.calls.length === 1);
    stop.abort();
    expect((await failure).code).toBe("Aborted");
  });

  test("isn't sent at all after its signal", async () => {
    await script([]);
    stop.abort();
    expect((await failureOf(client.request(GET, stop.signal))).code).toBe("Aborted");
    server.verify();
  });

  test("doesn't follow a redirect", async () => {
    await script([step((response) => void response.writeHead(307, { location: "http://127.0.0.1:9/" }).end())]);
    expect(await failureOf(client.request(GET, stop.signal))).toMatchObject({ code: "BadResponse" });
  });

  test("is told to metrics with its status, or none", async () => {
    await script([step(json({})), step(refuse(404, "NotFound")), step(reset())]);
    await client.request(GET, stop.signal);
    await failureOf(client.request(GET, stop.signal));
    await failureOf(client.request({ ...GET, retries: 0 }, stop.signal));
    expect(seen.map(({ method, status }) => `${method} ${status}`)).toEqual(["GET 200", "GET 404", "GET 0"]);
  });

  test("shares connections with the calls before it", async () => {
    await script(Array.from({ length: 30 }, () => step(json({}))));
    for (let i = 0; i < 30; i++) await client.request(GET, stop.signal);
    // The pool opens a second one where the first is just being given back.
    expect(server.connections).toBeLessThanOrEqual(2);
  });
});

describe("trying again", () => {
  const throttled = (seconds: string, code = 429) =>
    step(refuse(code, "TooManyRequests", { headers: { "retry-after": seconds } }));

  test("a read that is throttled waits as asked and succeeds", async () => {
    await script([throttled("2"), throttled("1", 503), step(json({ ok: 1 }))]);
    const answer = client.request(GET, stop.signal);
    await until(() => server.calls.length === 1 && clock.nextDue === clock.now() + 2_000);
    clock.advance(2_000);
    await until(() => server.calls.length === 2 && clock.nextDue === clock.now() + 1_000);
    clock.advance(1_000);
    expect((await answer).body).toEqual({ ok: 1 });
  });

  test("a wait that is too long for one call is left to the caller", async () => {
    await script([throttled("60")]);
    expect(await failureOf(client.request(GET, stop.signal))).toMatchObject({
      code: "Throttled",
      retryAfterMs: 60_000,
    });
  });

  test("a failure without Retry-After is left to the caller", async () => {
    await script([step(refuse(503, "ServiceUnavailable"))]);
    expect((await failureOf(client.request(GET, stop.signal))).code).toBe("Unavailable");
  });

  test("a write isn't sent twice unless it's told to", async () => {
    await script([throttled("1")]);
    expect((await failureOf(client.request({ ...GET, method: "POST", body: {} }, stop.signal))).code).toBe("Throttled");
  });

  test("a connection that was closed while it lay idle costs nothing but a second try", async () => {
    await script([step(reset()), step(json({ ok: 1 }))]);
    expect((await client.request(GET, stop.signal)).body).toEqual({ ok: 1 });
  });

  test("the deadline holds for all tries together", async () => {
    await script([throttled("2"), step(hang())]);
    const failure = failureOf(client.request({ ...GET, timeoutMs: 3_000 }, stop.signal));
    await until(() => clock.nextDue === clock.now() + 2_000);
    clock.advance(2_000);
    await until(() => server.calls.length === 2);
    clock.advance(1_000);
    expect((await failure).code).toBe("Timeout");
  });

  test("the fence is asked before each sending, and stops the second", async () => {
    await script([throttled("1")]);
    let asked = 0;
    const beforeSend = () => {
      if (++asked === 2) throw new KmError("NotLeading", "no more");
    };
    const failure = failureOf(
      client.request({ ...GET, method: "PATCH", body: {}, retries: 2, beforeSend }, stop.signal),
    );
    await until(() => clock.nextDue === clock.now() + 1_000);
    clock.advance(1_000);
    expect((await failure).code).toBe("NotLeading");
    server.verify();
  });
});

describe("credentials", () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), "kube-"))));
  afterEach(() => rm(directory, { recursive: true }));

  const tokenFile = (file: string) => ({
    user: { name: "u", authProvider: { name: "tokenFile", config: { tokenFile: file } } },
  });
  const bearer =
    (token: string): Step["answer"] =>
    (response, call) =>
      call.headers.authorization === `Bearer ${token}`
        ? json({})(response, call)
        : refuse(401, "Unauthorized")(response, call);

  test("a token that has run out is read anew and the call sent once more", async () => {
    const file = join(directory, "token");
    await writeFile(file, "first\n");
    await script([step(bearer("first")), step(bearer("second")), step(bearer("second")), step(bearer("second"))], () =>
      tokenFile(file),
    );
    await client.request(GET, stop.signal);
    await writeFile(file, "second\n");
    await client.request({ ...GET, method: "POST", body: {} }, stop.signal);
    await client.request(GET, stop.signal);
    expect(server.calls.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer first",
      "Bearer first",
      "Bearer second",
      "Bearer second",
    ]);
  });

  test("a watch whose token has run out is opened once more with a new one", async () => {
    const file = join(directory, "token");
    await writeFile(file, "first");
    await script(
      [
        step(bearer("first")),
        step(refuse(401, "Unauthorized")),
        step((response, call) => void response.end(call.headers.authorization === "Bearer second" ? '{"n":1}\n' : "")),
      ],
      () => tokenFile(file),
    );
    await client.request(GET, stop.signal);
    await writeFile(file, "second");
    expect(await take(client.watch({ path: "/x" }, stop.signal))).toEqual([{ n: 1 }]);
  });

  test("a token that stays refused fails after the second try", async () => {
    const file = join(directory, "token");
    await writeFile(file, "bad");
    await script([step(refuse(401, "Unauthorized")), step(refuse(401, "Unauthorized"))], () => tokenFile(file));
    const failure = await failureOf(client.request(GET, stop.signal));
    expect(failure.code).toBe("Unauthorized");
    expect(failure.message).not.toContain("bad");
  });

  test("a static token that is refused isn't sent again", async () => {
    await script([step(refuse(401, "Unauthorized"))], () => ({ user: { name: "u", token: "t" } }));
    expect((await failureOf(client.request(GET, stop.signal))).code).toBe("Unauthorized");
  });

  test("a plugin is asked once, and again after a 401", async () => {
    const counter = join(directory, "count");
    await writeFile(counter, "");
    const program = `
      const fs = require("fs");
      fs.appendFileSync(${JSON.stringify(counter)}, "x");
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: info.kind, status: { token: "t" + fs.readFileSync(${JSON.stringify(counter)}).length } }));`;
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: process.execPath, args: ["-e", program] };
    await script([step(bearer("t1")), step(bearer("t1")), step(bearer("t2")), step(bearer("t2"))], () => ({
      user: { name: "u", exec },
    }));
    await client.request(GET, stop.signal);
    await client.request(GET, stop.signal);
    await client.request(GET, stop.signal);
    expect(server.calls.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer t1",
      "Bearer t1",
      "Bearer t1",
      "Bearer t2",
    ]);
  });

  test("a plugin that fails is a refusal without its words", async () => {
    const exec = { command: process.execPath, args: ["-e", "console.error('hunter2'); process.exit(1)"] };
    await script([], () => ({ user: { name: "u", exec } }));
    const failure = await failureOf(client.request(GET, stop.signal));
    expect(failure.code).toBe("Unauthorized");
    expect(JSON.stringify([failure.message, String(failure.cause)])).not.toContain("hunter2");
  });

  test("user and password, and whom to act as, become headers", async () => {
    await script([step(json({}))], () => ({
      user: { name: "u", username: "me", password: "pw" },
      impersonate: { user: "jane", groups: ["a", "b"], uid: "7", extra: { "scopes/x": ["view"] } },
    }));
    await client.request(GET, stop.signal);
    expect(server.calls[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from("me:pw").toString("base64")}`,
      "impersonate-user": "jane",
      "impersonate-group": "a, b",
      "impersonate-uid": "7",
      "impersonate-extra-scopes%2fx": "view",
    });
  });

  test("plain http to another machine is refused before anything is sent", async () => {
    await script([]);
    const kubeconfig = { ...server.kubeconfig, server: "http://api.example.com" };
    expect(() => createKubeClient({ kubeconfig, version: "1", clock })).toThrow("clear text");
  });

  test("a proxy of the kubeconfig is used", async () => {
    await script([step(json({ via: "proxy" }))], ({ cluster, server: url }) => ({
      server: "http://127.0.0.1:1",
      cluster: { ...cluster, proxyUrl: url },
    }));
    expect((await client.request(GET, stop.signal)).body).toEqual({ via: "proxy" });
  });
});

describe("a watch", () => {
  test("gives each line as it comes and ends with the stream", async () => {
    await script([step((response) => void response.end('{"n":1}\n{"n":2}\n'), { query: { watch: "true", x: "y" } })]);
    expect(await take(client.watch({ path: "/w", query: { x: "y" } }, stop.signal))).toEqual([{ n: 1 }, { n: 2 }]);
    server.verify();
  });

  test("that its reader leaves ends its connection", async () => {
    let closed = false;
    await script([
      step((response) => {
        response.on("close", () => (closed = true));
        response.write('{"n":1}\n');
      }),
    ]);
    for await (const line of client.watch({ path: "/w" }, stop.signal)) {
      expect(line).toEqual({ n: 1 });
      break;
    }
    await until(() => closed);
  });

  test("that is cut off fails", async () => {
    await script([step((response) => void response.write('{"n":1}\n', () => void response.socket?.destroy()))]);
    expect((await failureOf(take(client.watch({ path: "/w" }, stop.signal)))).code).toBe("Unavailable");
  });

  test("doesn't hold up calls beside it", async () => {
    await script([
      ...Array.from({ length: 20 }, () => step((response) => void response.write('{"n":1}\n'))),
      step(json({ ok: 1 })),
    ]);
    const watches = Array.from({ length: 20 }, () => client.watch({ path: "/w" }, stop.signal));
    await Promise.all(watches.map((watch) => watch.next()));
    expect((await client.request(GET, stop.signal)).body).toEqual({ ok: 1 });
    await Promise.all(watches.map((watch) => watch.return()));
  });
});
