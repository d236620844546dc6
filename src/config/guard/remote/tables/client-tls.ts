import { flag, list, matching, never, off, oneOf, record } from "../shape.ts";
import type { Shape } from "../shape.ts";

const FILES = "it makes the collector read a file; certificates come with spec.caBundleRef";
const NOT_VERIFIED = "anybody on the way could take the other side's place";
const VERSION = oneOf("1.2", "1.3");

/** What every client may say of TLS. Certificates are the operator's to give, and are always verified. */
const CLIENT: Readonly<Record<string, Shape>> = {
  include_system_ca_certs_pool: flag,
  min_version: VERSION,
  max_version: VERSION,
  ca_file: never(FILES),
  cert_file: never(FILES),
  key_file: never(FILES),
};

/** TLS of an exporter. */
export const exporterTls: Shape = record({
  ...CLIENT,
  insecure: off("the API key and the telemetry would travel in clear text; an http:// endpoint says so openly"),
  insecure_skip_verify: off(NOT_VERIFIED),
  cipher_suites: list(matching(/^TLS_[A-Z0-9_]{1,64}$/, "the name of a cipher suite"), 32),
  curve_preferences: list(oneOf("X25519", "P256", "P384", "P521", "X25519MLKEM768"), 8),
  server_name_override: never("it lets another host's certificate pass"),
  ca_pem: never("certificates come with spec.caBundleRef"),
  reload_interval: never(FILES),
  tpm: never("it opens a device of the node"),
});

const receiverTlsOr = (otherwise: string): Shape =>
  record({
    ...CLIENT,
    insecure: never(`credentials would travel in clear text; ${otherwise}`),
    insecure_skip_verify: never(NOT_VERIFIED),
  });

/** TLS of a receiver that dials out, and speaks plain text or what its URL says where it has no `tls`. */
export const receiverTls: Shape = receiverTlsOr("leave tls out where the other side has none");

/** TLS of a receiver that dials out, and speaks TLS also where it has no `tls`. */
export const receiverTlsAlways: Shape = receiverTlsOr(
  "without tls this receiver speaks TLS as well, so a server that has none can be configured in spec.config only",
);
