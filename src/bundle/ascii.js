/*
 * Last step of the `build` script: spells what isn't ASCII as escapes. esbuild does so everywhere but in regular expressions, and a single such
 * character makes Node.js hold the whole text at two bytes a character: a megabyte of resident memory.
 */
import { readFileSync, writeFileSync } from "node:fs";

const [, , file] = process.argv;
const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
writeFileSync(file, readFileSync(file, "utf8").replace(/[^\x00-\x7f]/g, escaped));
