import { WORKERS } from "./e2e/workers.ts";

/** Tests that need the real cluster: as many files at once as there are workers, for the files of a worker share its cluster. */
export default {
  rootDir: "..",
  roots: ["<rootDir>/test/e2e"],
  testMatch: ["**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/strip-types.js" },
  testEnvironment: "<rootDir>/test/e2e/cluster-environment.ts",
  setupFiles: ["<rootDir>/test/properties.ts"],
  maxWorkers: WORKERS,
  testTimeout: 300_000,
  globalSetup: "<rootDir>/test/e2e/setup.ts",
  globalTeardown: "<rootDir>/test/e2e/teardown.ts",
  slowTestThreshold: 120,
  // A program that a failed test left behind holds the pipes of jest's workers, and the run would wait for it without end.
  forceExit: true,
};
