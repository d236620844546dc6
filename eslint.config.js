import tseslint from "typescript-eslint";

/** The rooms that decide: nothing in them may read a clock, roll dice, do I/O or log. */
const CORE = ["src/api", "src/config", "src/resources", "src/health", "src/rollout", "src/status", "src/remote"].map(
  (room) => `${room}/**/*.ts`,
);

/** Every exported declaration says what it is for. */
const documentedExports = {
  meta: {
    type: "suggestion",
    schema: [],
    messages: { missing: "An export has a doc comment: /** … */ right above it." },
  },
  create: ({ sourceCode, report }) => ({
    ExportNamedDeclaration(node) {
      const isDoc = ({ type, value }) => type === "Block" && value.startsWith("*");
      if (node.declaration !== null && !sourceCode.getCommentsBefore(node).some(isDoc))
        report({ node, messageId: "missing" });
    },
  }),
};

export default tseslint.config(
  { ignores: ["node_modules", "dist", "coverage", "**/*.js", "**/*.cjs"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-definitions": ["error", "interface"],
    },
  },
  {
    files: CORE,
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...[
          "fetch",
          "process",
          "console",
          "setTimeout",
          "setInterval",
          "setImmediate",
          "queueMicrotask",
          "performance",
          "crypto",
        ].map((name) => ({
          name,
          message: "The core decides and touches nothing: pass it in from the edge.",
        })),
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "Time is an argument in the core." },
        { object: "Math", property: "random", message: "Randomness is an argument in the core." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "Time is an argument in the core.",
        },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          paths: ["node:http", "http", "node:https", "https"].map((name) => ({
            name,
            allowTypeImports: true,
            message:
              "Use process.getBuiltinModule: an import reads all exports and with them loads Node.js' own fetch, 13 MB.",
          })),
        },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    plugins: { house: { rules: { "documented-exports": documentedExports } } },
    rules: { "house/documented-exports": "error" },
  },
  {
    files: ["**/*.test.ts"],
    rules: { "@typescript-eslint/no-floating-promises": "error", "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
