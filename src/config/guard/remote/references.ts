/** What a text holds of `${…}` and `$`. */
export type References =
  { readonly ok: true; readonly names: readonly string[] } | { readonly ok: false; readonly message: string };

/** One reference to the environment in full, by its long or its short form. */
const REFERENCE = /^\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}/;

/**
 * The variables that a text refers to, in the collector's own reading: from the left, `$$` is a dollar sign, `${env:NAME}` and
 * `${NAME}` are references. Defaults, nesting, other providers (`file:`, `http:`, `yaml:`) and `$NAME`, which older collectors
 * take for a reference, aren't allowed.
 */
export function referencesIn(text: string): References {
  const names: string[] = [];
  for (let at = text.indexOf("$"); at !== -1; at = text.indexOf("$", at)) {
    const rest = text.slice(at, at + 128);
    if (rest.startsWith("$$")) {
      at += 2;
      continue;
    }
    if (rest.startsWith("${")) {
      const [whole, name] = REFERENCE.exec(rest) ?? [];
      if (whole === undefined || name === undefined) {
        return { ok: false, message: "may refer to the environment only as ${env:NAME}; write $$ for a dollar sign" };
      }
      names.push(name);
      at += whole.length;
      continue;
    }
    if (/^\$[A-Za-z_]/.test(rest)) {
      return {
        ok: false,
        message: "has a $ before a name, which collectors read differently; write $$ for a dollar sign",
      };
    }
    at += 1;
  }
  return { ok: true, names };
}

/** The text with one variable's references replaced by its value. */
export function substitute(text: string, name: string, value: string): string {
  return text.replaceAll(`\${env:${name}}`, () => value).replaceAll(`\${${name}}`, () => value);
}
