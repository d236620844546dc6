/** Tests that need the real cluster, one file after the other: they share it. */
export default {
  rootDir: "..",
  roots: ["<rootDir>/test/e2e"],
  testMatch: ["**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/strip-types.js" },
  testEnvironment: "node",
  maxWorkers: 1,
  testTimeout: 300_000,
  globalSetup: "<rootDir>/test/e2e/setup.ts",
  globalTeardown: "<rootDir>/test/e2e/teardown.ts",
  slowTestThreshold: 120,
};
