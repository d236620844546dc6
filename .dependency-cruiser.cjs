/** Which room may import which: the table of docs/architecture.md, enforced. Type-only imports from the core are free for the edge. */
const MAY = {
  api: [],
  config: ["api"],
  resources: ["api", "config"],
  health: ["api"],
  rollout: ["api", "config", "health"],
  status: ["api", "config", "health", "rollout"],
  remote: ["api", "config", "resources"],
  kube: ["api", "telemetry"],
  probe: ["api", "telemetry"],
  platform: ["api", "telemetry"],
  telemetry: ["api"],
  commands: ["api", "config", "resources", "kube", "reconcile"],
  reconcile: [
    "api",
    "config",
    "resources",
    "health",
    "rollout",
    "status",
    "remote",
    "kube",
    "probe",
    "platform",
    "telemetry",
  ],
};
const CORE = ["api", "config", "resources", "health", "rollout", "status", "remote"];
const EDGE = ["kube", "probe", "platform", "telemetry"];
const rooms = Object.keys(MAY);
const testless = "\\.test\\.ts$";

module.exports = {
  forbidden: [
    ...rooms.map((room) => ({
      name: `${room}-imports`,
      severity: "error",
      comment: `src/${room} may import ${MAY[room].join(", ") || "no other room"}`,
      from: { path: `^src/${room}/`, pathNot: testless },
      to: {
        path: "^src/",
        pathNot: [`^src/(${[room, ...MAY[room]].join("|")})/`],
        ...(EDGE.includes(room) && { dependencyTypesNot: ["type-only"] }),
      },
    })),
    {
      name: "core-does-no-io",
      severity: "error",
      from: { path: `^src/(${CORE.join("|")})/`, pathNot: [testless, "^src/resources/revision\\.ts$"] },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "api-libraries",
      severity: "error",
      comment: "src/api may import zod only",
      from: { path: "^src/api/", pathNot: testless },
      to: { dependencyTypes: ["npm"], pathNot: "node_modules/zod/" },
    },
    {
      name: "main-is-for-cli",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli\\.ts$" },
      to: { path: "^src/main\\.ts$" },
    },
    { name: "cli-is-imported-by-nobody", severity: "error", from: { path: "^src/" }, to: { path: "^src/cli\\.ts$" } },
    {
      name: "no-tests-in-shipped-code",
      severity: "error",
      from: { path: "^src/", pathNot: testless },
      to: { path: "^test/|\\.test\\.ts$" },
    },
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: "specify",
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "types", "default"],
    },
  },
};
