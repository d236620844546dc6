import { cleanForeignText, layOut } from "../health/foreign-text.ts";

/** Bytes of one message in the status at most: twelve conditions and the listed nodes share its 64 KiB. */
const MESSAGE_BYTES = 1_024;

/**
 * A text as the status holds it. Facts quote containers, the scheduler, the platform and admission policies, so each text is
 * taken for foreign here, at the one door through which all of them pass: masked, one line, bounded. What goes to the platform
 * of the same facts passes it, too.
 */
export function statusText(text: string, mask: (text: string) => string, bytes = MESSAGE_BYTES): string {
  return layOut(cleanForeignText(text, mask, "head"), { bytes, keep: "head", lines: "one" });
}
