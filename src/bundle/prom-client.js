/*
 * Stands in for prom-client in the bundle, by an alias of the `build` script: without its cluster and push gateway parts, which load Node.js' cluster
 * and HTTPS modules (twelve megabytes of resident memory).
 */
export { default as Counter } from "../../node_modules/prom-client/lib/counter.js";
export { default as Gauge } from "../../node_modules/prom-client/lib/gauge.js";
export { default as Histogram } from "../../node_modules/prom-client/lib/histogram.js";
export { default as Registry } from "../../node_modules/prom-client/lib/registry.js";
