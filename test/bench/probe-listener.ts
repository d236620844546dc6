import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/*
 * Stands in for thousands of collectors: every address of 127.0.0.0/8 reaches this one listener. Those below 127.2.0.0/16 take the
 * connection and never answer. Listens on the port that it is given, or on any; prints it, and ends with its parent.
 */
const body = JSON.stringify({ status: "Server available", upSince: new Date().toISOString(), uptime: "1m2.5s" });
const server = createServer((request, response) => {
  if (request.socket.localAddress?.startsWith("127.2.")) return;
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
});
server.listen({ port: Number(process.argv[2] ?? 0), host: "0.0.0.0", backlog: 4096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
