/**
 * Hides known secret values in text that leaves the process. Secrets never get into a log line by our own doing; this is the
 * last line of defence, for texts of strangers that may quote them: an exception of a library, a collector's last words.
 */
export interface SecretMask {
  /** Makes `values` the secrets of `owner` (a KmAgent's UID, say), in place of those it had. */
  set(owner: string, values: readonly string[]): void;
  /** Forgets the secrets of `owner`. */
  delete(owner: string): void;
  /** `text` with every form of every known secret replaced by `***`. */
  mask(text: string): string;
}

/** Shorter values would hide ordinary words of a line; no API key is that short. */
const SHORTEST = 6;
/** What stands in the place of a secret; it keeps a JSON line valid. */
const HIDDEN = "***";

/** An empty mask, to which secrets are added as they are read. */
export function createSecretMask(): SecretMask {
  const owners = new Map<string, readonly string[]>();
  let pattern: RegExp | null = null;
  const rebuild = () => {
    const forms = new Set([...owners.values()].flat().flatMap(spellings));
    const longestFirst = [...forms].sort((a, b) => b.length - a.length);
    pattern = longestFirst.length === 0 ? null : new RegExp(longestFirst.map(escapeRegExp).join("|"), "g");
  };
  return {
    set: (owner, values) => {
      const wanted = values.filter((value) => value.length >= SHORTEST);
      if (sameList(owners.get(owner) ?? [], wanted)) return;
      owners.set(owner, wanted);
      rebuild();
    },
    delete: (owner) => {
      if (owners.delete(owner)) rebuild();
    },
    mask: (text) => (pattern === null ? text : text.replace(pattern, HIDDEN)),
  };
}

/**
 * The forms in which a value may appear: as it is, without white space around it (a Secret's trailing newline), JSON-escaped
 * (once, and twice, as in a message that quotes JSON), URL-escaped, and in base64 and base64url. For base64 three alignments
 * count, for the value may stand in the middle of what was encoded (`Basic user:key`).
 */
function spellings(value: string): string[] {
  const plain = [...new Set([value, value.trim()])].filter((text) => text.length >= SHORTEST);
  return plain.flatMap((text) => {
    const json = inJson(text);
    const url = encodeURIComponent(text.toWellFormed());
    const base64 = [0, 1, 2].map((shift) => inBase64(text, shift));
    const all = [text, json, inJson(json), url, url.replaceAll("%20", "+"), url.toLowerCase(), ...base64];
    return [...all, ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
  });
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1);

/** The characters of the base64 form that depend on `text` alone where `shift` other bytes stand before it. */
function inBase64(text: string, shift: number): string {
  const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
  const first = Math.ceil((shift * 8) / 6);
  const last = Math.floor((bytes.length * 8) / 6);
  return bytes.toString("base64").slice(first, last);
}

const escapeRegExp = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");

const sameList = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((x, i) => x === b[i]);
