/*
 * Stands in for yaml in the bundle, by an alias of the `build` script: the package's own build of modules, from which the bundler leaves out what nobody
 * calls. The one that Node.js would load looks an environment variable up for each token, which takes longer than the token.
 */
export * from "../../node_modules/yaml/browser/dist/index.js";
