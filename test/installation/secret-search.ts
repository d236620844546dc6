import { createHash } from "node:crypto";

/**
 * Everything by which a secret would be known to whoever finds it: itself as it stands, as JSON, Go's %q, URLs and HTML escape it,
 * in base64 at each of the three alignments that it can have inside a longer text, in hex, and its unkeyed hashes, by which a
 * guess could be tested.
 */
export function tracesOf(secret: string): readonly { readonly form: string; readonly text: string }[] {
  const bytes = Buffer.from(secret);
  const aligned = [0, 1, 2].map((offset) => {
    // Without the characters at both ends that neighbours have a share in.
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    return { form: `base64, shifted by ${offset}`, text: encoded.slice(offset === 0 ? 0 : offset + 1, -1) };
  });
  const hashes = ["md5", "sha1", "sha256", "sha512"].flatMap((algorithm) =>
    (["hex", "base64", "base64url"] as const).map((encoding) => ({
      form: `${algorithm}, ${encoding}`,
      text: createHash(algorithm).update(bytes).digest(encoding).replace(/=+$/, ""),
    })),
  );
  const traces = [
    { form: "plain", text: secret },
    { form: "JSON", text: JSON.stringify(secret).slice(1, -1) },
    { form: "URL", text: encodeURIComponent(secret) },
    { form: "form", text: new URLSearchParams({ k: secret }).toString().slice(2) },
    { form: "HTML", text: secret.replaceAll("&", "&amp;").replaceAll('"', "&quot;") },
    { form: "hex", text: bytes.toString("hex") },
    ...aligned,
    ...aligned.map(({ form, text }) => ({
      form: `${form}, for URLs`,
      text: text.replaceAll("+", "-").replaceAll("/", "_"),
    })),
    ...hashes,
  ];
  return traces.filter(({ text }, index) => traces.findIndex((other) => other.text === text) === index);
}

/** Where traces of any of the secrets are: the place and the form, never the secret. */
export function findTraces(places: ReadonlyMap<string, string>, secrets: readonly string[]): readonly string[] {
  return secrets.flatMap((secret, number) =>
    tracesOf(secret).flatMap(({ form, text }) =>
      [...places]
        .filter(([, content]) => content.includes(text))
        .map(([place]) => `${place}: secret ${number}, ${form}`),
    ),
  );
}
