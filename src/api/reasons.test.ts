import { describe, expect, test } from "@jest/globals";
import { CONDITION_MEANING, CONDITION_TYPES } from "./conditions.ts";
import { CONDITION_REASONS, EVENT_REASONS, NODE_REASONS } from "./reasons.ts";

const reasons = [CONDITION_REASONS, NODE_REASONS, EVENT_REASONS].flatMap((of) => Object.entries(of));

describe("reasons", () => {
  test.each(reasons)("%s is one word that Kubernetes takes as a reason", (reason) => {
    expect(reason).toMatch(/^[A-Z][A-Za-z]{1,63}$/);
  });

  test.each(reasons)("%s says what it means and what to do, each in a sentence", (_, { meaning, action }) => {
    expect(meaning).toMatch(/^[A-Z`].*[.]$/);
    expect(action).toMatch(/^[A-Z`].*[.]$/);
  });
});

describe("conditions", () => {
  test.each(CONDITION_TYPES)("%s says what True means, in sentences", (type) => {
    expect(CONDITION_MEANING[type]).toMatch(/^[A-Z`].*[.]$/);
  });
});
