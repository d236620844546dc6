/** Unit tests: they stand beside their files and need no cluster. Those under test/ that do need one have test/jest.cluster.config.js. */
export default {
  roots: ["<rootDir>/src", "<rootDir>/test", "<rootDir>/crds"],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: ["<rootDir>/test/e2e/"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/strip-types.js" },
  testEnvironment: "node",
  setupFiles: ["<rootDir>/test/properties.ts"],
  // No test asserts a duration; on a busy machine the default of five seconds would.
  testTimeout: process.env.SOAK === "1" ? 3_600_000 : 60_000,
  coverageProvider: "v8",
  collectCoverageFrom: ["src/**/*.ts", "!src/**/*.test.ts"],
};
