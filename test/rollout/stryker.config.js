/**
 * How mutants of the rollout's machine are made and tried; `mutants.ts` starts it and judges what comes out.
 * @type {import("@stryker-mutator/api/core").PartialStrykerOptions}
 */
export default {
  mutator: {
    // What isn't a guard: words and plain data, and bodies as a whole, whose guards are mutated one by one. Without its `?.`
    // an expression that needs one doesn't compile.
    excludedMutations: [
      "StringLiteral",
      "ObjectLiteral",
      "ArrayDeclaration",
      "ArrowFunction",
      "BlockStatement",
      "OptionalChaining",
      "Regex",
    ],
  },
  // Mutants are made in a copy of no more than these.
  ignorePatterns: [
    "**",
    "!src/**/*.ts",
    "!test/rollout/*.ts",
    "!test/properties.ts",
    "!test/strip-types.js",
    "!jest.config.js",
    "!package.json",
  ],
  tempDirName: ".cache/mutants",
  plugins: ["@stryker-mutator/jest-runner"],
  testRunner: "jest",
  testRunnerNodeArgs: ["--experimental-vm-modules", "--no-warnings"],
  disableTypeChecks: false,
  reporters: ["progress-append-only"],
  logLevel: "warn",
  allowConsoleColors: false,
  // A machine that stands still for a moment doesn't count as a test that noticed.
  timeoutMS: 120_000,
};
