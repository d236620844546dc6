import type { RemoteRule } from "../rule.ts";
import { judgeTexts } from "./texts.ts";

/** Anything but tab and line breaks that isn't printed, and halves of characters. */
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;

/**
 * Texts are text, and keys are plain. `::` in a key is how the collector itself writes a path: `tls::insecure` would be a setting
 * that nobody sees where it belongs.
 */
export const plainText: RemoteRule = (document) =>
  judgeTexts(document, {
    rule: "text",
    key: (key) => {
      if (key.length > 256) return "has a key of more than 256 characters; shorten it";
      if (key.includes("::")) return "has :: in its key, which the collector takes for a path; nest the settings";
      if (key.includes("${")) return "has a variable in its key; variables may stand in values only";
      return UNPRINTABLE.test(key) || !key.isWellFormed()
        ? "has a character in its key that isn't printable; remove it"
        : null;
    },
    value: (text) =>
      UNPRINTABLE.test(text) || !text.isWellFormed() ? "holds a character that isn't printable; remove it" : null,
  });
