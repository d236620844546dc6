/*
 * Stands in for node:http2 in the bundle, by an alias of the `build` script. undici loads it at its start, though the operator speaks HTTP/1.1 only
 * (`allowH2: false`): six megabytes of resident memory. This is what undici itself falls back to where Node.js has no HTTP/2.
 */
export const constants = {};
