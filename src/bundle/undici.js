/*
 * Stands in for undici in the bundle, by an alias of the `build` script: only the connections that the operator uses. The whole package costs five
 * megabytes of resident memory more, for fetch, caches, mocks and WebSockets.
 */
import connect from "../../node_modules/undici/lib/api/api-connect.js";
import request from "../../node_modules/undici/lib/api/api-request.js";
import Dispatcher from "../../node_modules/undici/lib/dispatcher/dispatcher.js";
import Pool from "../../node_modules/undici/lib/dispatcher/pool.js";
import ProxyAgent from "../../node_modules/undici/lib/dispatcher/proxy-agent.js";

// The package's entry does the same for all of its calls. ProxyAgent opens its tunnels by `connect`.
Dispatcher.prototype.connect = connect;
Dispatcher.prototype.request = request;

export { Pool, ProxyAgent };
