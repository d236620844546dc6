import { basename } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { compareVersions, goDirective, goEntry, isSourceOf } from "./go.ts";
import { MODULES, moduleOf } from "./modules.ts";
import type { GoProgram } from "./modules.ts";

describe("compareVersions", () => {
  it.each([
    { older: "1.9", newer: "1.10", name: "parts are numbers, not text" },
    { older: "1.26", newer: "1.26.1", name: "a missing part is zero" },
    { older: "1.26.8", newer: "1.26.10", name: "patches count" },
    { older: "1.26.8", newer: "2.0", name: "the first part weighs most" },
  ])("$name: $older is older than $newer", ({ older, newer }) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect(compareVersions(older, older)).toBe(0);
  });
});

describe("goDirective", () => {
  it("reads the version that a go.mod asks for", () => {
    expect(goDirective("module x\n\ngo 1.26.4\n\ntool go.example/y\n")).toBe("1.26.4");
  });

  it("complains about a go.mod that asks for none", () => {
    expect(() => goDirective("module x\n")).toThrow("no go directive");
  });
});

describe("the modules", () => {
  it("give every program an entry of its own", () => {
    const programs = MODULES.flatMap((module) => Object.keys(module.programs) as GoProgram[]);
    const entries = programs.map((program) => goEntry(program));
    expect(new Set(entries.map((entry) => `${entry.name}-${entry.key}`)).size).toBe(programs.length);
    expect(goEntry("etcd")).toEqual(goEntry("etcd"));
  });

  it.each<{ program: GoProgram; path: string; is: boolean }>([
    { program: "registry", path: "registry/main.go", is: true },
    { program: "registry", path: "coredns/main.go", is: false },
    { program: "kubelet", path: "registry/main.go", is: false },
    { program: "registry", path: "go.sum", is: true },
    { program: "otelcol", path: "components/components.go", is: true },
    { program: "otelcol", path: "README.md", is: false },
  ])("build $program from $path: $is", ({ program, path, is }) => {
    expect(isSourceOf(program, path)).toBe(is);
  });

  it("call each program of a module with several as its package, for that is the name Go gives it", () => {
    for (const module of MODULES.filter(({ programs }) => Object.keys(programs).length > 1)) {
      for (const [program, path] of Object.entries(module.programs)) expect(basename(path)).toBe(program);
    }
  });

  it("are found by program", () => {
    expect(moduleOf("kubelet").name).toBe("cluster");
  });
});
