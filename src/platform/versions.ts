/** Which components an image holds; the versions are read from its tag accordingly. */
export type Distribution = "kloudmate" | "contrib" | "custom";

/** What the two version fields of a report say. */
export interface Versions {
  readonly agent: string;
  readonly collector: string;
}

/** The collector inside each release of the vendor's image that we know of. */
const COLLECTOR_OF_RELEASE: Readonly<Record<string, string>> = { "1.2.0": "v0.143.0" };

/**
 * Versions by the image that runs. The tag is the agent's version; it is the collector's too where the image is the stock
 * collector. What can't be known this way is `unknown`, the word that the vendor's agent uses; without an image both are empty.
 */
export function versionsOf(image: string, distribution: Distribution): Versions {
  if (image === "") return { agent: "", collector: "" };
  const tag = tagOf(image);
  if (tag === null) return { agent: "unknown", collector: "unknown" };
  const version = /^v(?=\d)/.test(tag) ? tag.slice(1) : tag;
  switch (distribution) {
    case "kloudmate":
      return { agent: version, collector: COLLECTOR_OF_RELEASE[version] ?? "unknown" };
    case "contrib":
      return { agent: version, collector: /^\d+\.\d+\.\d+/.test(version) ? `v${version}` : "unknown" };
    case "custom":
      return { agent: version, collector: "unknown" };
    default:
      return distribution satisfies never;
  }
}

/** The tag of an image reference, `null` where it has none. A registry's port is no tag. */
function tagOf(image: string): string | null {
  const [reference = ""] = image.split("@");
  const name = reference.slice(reference.lastIndexOf("/") + 1);
  const colon = name.indexOf(":");
  return colon < 0 ? null : name.slice(colon + 1);
}
