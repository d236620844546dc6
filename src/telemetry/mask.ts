/**
 * Hides known secret values in text that leaves the process. Secrets never get into a log line by our own doing; this is the
 * last line of defence, for texts of strangers that may quote them: an exception of a library, a collector's last words.
 */
export interface SecretMask {
  /**
   * Makes `values` the secrets of `owner` (a KmAgent's UID, say), in place of those it had. These stay hidden, the newest
   * `RETIRED` of all owners: a key that was rotated out is still in the pods that haven't been replaced, and in what they say.
   */
  set(owner: string, values: readonly string[]): void;
  /** The owner is gone; its secrets stay hidden like ones that were replaced. */
  delete(owner: string): void;
  /** `text` with every form of every known secret replaced by `***`. */
  mask(text: string): string;
}

/** Secrets out of use that are hidden still; each costs time on every line. */
const RETIRED = 16;
/** Shorter values would hide ordinary words of a line; no API key is that short. */
const SHORTEST = 6;
/** What stands in the place of a secret; it keeps a JSON line valid. */
const HIDDEN = "***";

/** An empty mask, to which secrets are added as they are read. */
export function createSecretMask(): SecretMask {
  const owners = new Map<string, readonly string[]>();
  let retired: readonly string[] = [];
  let pattern: RegExp | null = null;
  const rebuild = () => {
    const forms = new Set([...owners.values(), retired].flat().flatMap(spellings));
    const longestFirst = [...forms].sort((a, b) => b.length - a.length);
    pattern = longestFirst.length === 0 ? null : new RegExp(longestFirst.map(escapeRegExp).join("|"), "g");
  };
  const replace = (owner: string, values: readonly string[]) => {
    const before = owners.get(owner) ?? [];
    if (sameList(before, values)) return;
    if (values.length > 0) owners.set(owner, values);
    else owners.delete(owner);
    const inUse = new Set([...owners.values()].flat());
    retired = [...new Set([...before, ...retired])].filter((value) => !inUse.has(value)).slice(0, RETIRED);
    rebuild();
  };
  return {
    set: (owner, values) =>
      replace(
        owner,
        values.filter((value) => value.length >= SHORTEST),
      ),
    delete: (owner) => replace(owner, []),
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
