import { expect, test } from "@jest/globals";
import { sentence } from "./sentence.ts";

test.each([
  ["expected map, got &{foo}", "expected map, got &{foo}."],
  ["The API server is away.", "The API server is away."],
  ["no room…", "no room…"],
  ["what now?", "what now?"],
])("%s ends as a sentence, once", (words, expected) => {
  expect(sentence(words)).toBe(expected);
});
