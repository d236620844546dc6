const FACTORS: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/**
 * The number that a Kubernetes quantity means (`500m`, `1.5Gi`, `129e6`, or a number as it is), to 15 digits; null where it is
 * none. Grammar: `k8s.io/apimachinery/pkg/api/resource`.
 */
export function parseQuantity(quantity: unknown): number | null {
  const match =
    /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][+-]?[0-9]+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/.exec(
      typeof quantity === "string" || typeof quantity === "number" ? String(quantity) : "",
    );
  if (!match) return null;
  const [, digits = "", exponent = "", suffix = ""] = match;
  return Number((Number(digits + exponent) * (FACTORS[suffix] ?? 1)).toPrecision(15));
}
