import { describe, expect, it } from "@jest/globals";
import { irrevocableRevisions } from "./irrevocable.ts";

/** Revisions are called by what they hold and by their key: `a1` and `a2` differ by the key alone. */
const byKey = (one: string, other: string) => one !== other && one.startsWith(other.charAt(0)) && one !== "";

describe("what no rollback takes back", () => {
  it.each<{ name: string; stable: string; template: string; target: string; wanted: string; expected: string[] }>([
    { name: "is another key", stable: "a1", template: "a1", target: "a1", wanted: "a2", expected: ["a2"] },
    { name: "isn't another configuration", stable: "a1", template: "a1", target: "a1", wanted: "b1", expected: [] },
    { name: "isn't both at once", stable: "a1", template: "a1", target: "a1", wanted: "b2", expected: [] },
    {
      name: "is another key for what canaries have proved and isn't everywhere yet",
      stable: "a1",
      template: "b1",
      target: "b1",
      wanted: "b2",
      expected: ["b2"],
    },
    {
      name: "is another key that is tried while something else is wanted already",
      stable: "a1",
      template: "a1",
      target: "a2",
      wanted: "b2",
      expected: ["a2"],
    },
    {
      name: "is another key in waves while something else is tried, for they may fail when they go on",
      stable: "a1",
      template: "a2",
      target: "b2",
      wanted: "b2",
      expected: ["a2"],
    },
    {
      name: "isn't another key for what a canary has still to prove",
      stable: "a1",
      template: "a1",
      target: "b1",
      wanted: "b2",
      expected: [],
    },
    { name: "is nothing while nothing is held", stable: "", template: "", target: "a1", wanted: "a1", expected: [] },
  ])("$name", ({ stable, template, target, wanted, expected }) => {
    expect([...irrevocableRevisions({ stable, template, target }, wanted, byKey)]).toEqual(expected);
  });
});
