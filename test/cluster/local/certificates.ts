import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../command.ts";
import type { NetworkPlan, NodePlan } from "./network-plan.ts";

/** Paths of a certificate and its key, in PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Whom a certificate names, and what for. */
interface CertificateRequest {
  readonly commonName: string;
  readonly organization?: string;
  /** As openssl writes them: `IP:10.0.0.1`, `DNS:kubernetes`. */
  readonly alternativeNames?: readonly string[];
  readonly issuer: "ca" | "front-proxy-ca";
  readonly usage: "clientAuth" | "serverAuth" | "clientAuth,serverAuth";
}

/** Lives as long as a cluster can be expected to stay up by forgetfulness. */
const DAYS = "365";
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Where a certificate of this name is, made or not. */
export function certificateFiles(directory: string, name: string): CertificateFiles {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

/** Makes the authorities, the control plane's certificates and the key of the service accounts' tokens. */
export async function createCertificates(directory: string, plan: NetworkPlan, signal: AbortSignal): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // openssl adds extensions of Debian's own configuration unless it is given another one.
  writeFileSync(join(directory, "openssl.cnf"), "[req]\ndistinguished_name=dn\n[dn]\n");
  await Promise.all([
    ...(["ca", "front-proxy-ca"] as const).map((name) => createAuthority(directory, name, signal)),
    run(
      [
        "openssl",
        "ecparam",
        "-name",
        "prime256v1",
        "-genkey",
        "-noout",
        "-out",
        join(directory, "service-accounts.key"),
      ],
      signal,
    ),
  ]);
  const client = { issuer: "ca", usage: "clientAuth" } as const;
  const requests: [string, CertificateRequest][] = [
    [
      "kube-apiserver",
      {
        issuer: "ca",
        usage: "serverAuth",
        commonName: "kube-apiserver",
        alternativeNames: [
          ...[
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
          ].map((name) => `DNS:${name}`),
          ...["127.0.0.1", plan.hostAddress, plan.apiServerServiceAddress].map((address) => `IP:${address}`),
        ],
      },
    ],
    ["admin", { ...client, commonName: "kubernetes-admin", organization: "system:masters" }],
    [
      "apiserver-kubelet-client",
      { ...client, commonName: "kube-apiserver-kubelet-client", organization: "system:masters" },
    ],
    ["kube-controller-manager", { ...client, commonName: "system:kube-controller-manager" }],
    ["kube-scheduler", { ...client, commonName: "system:kube-scheduler" }],
    ["kube-proxy", { ...client, commonName: "system:kube-proxy" }],
    ["front-proxy-client", { issuer: "front-proxy-ca", usage: "clientAuth", commonName: "front-proxy-client" }],
  ];
  await Promise.all(requests.map(([name, request]) => issue(directory, name, request, signal)));
}

/** Makes the certificate with which a node's kubelet calls the API server and answers it (for logs and exec, by the node's address). */
export async function createNodeCertificate(directory: string, node: NodePlan, signal: AbortSignal): Promise<void> {
  const request: CertificateRequest = {
    issuer: "ca",
    usage: "clientAuth,serverAuth",
    commonName: `system:node:${node.name}`,
    organization: "system:nodes",
    alternativeNames: [`DNS:${node.name}`, `IP:${node.address}`],
  };
  if (!existsSync(certificateFiles(directory, node.name).certificate))
    await issue(directory, node.name, request, signal);
}

/**
 * Writes a kubeconfig that holds everything it needs, so that it can be copied elsewhere.
 *
 * @param server URL of the API server; @param name the certificate that it is for, which also names cluster, user and context.
 */
export function writeKubeconfig(path: string, directory: string, name: string, server: string): void {
  const files = certificateFiles(directory, name);
  const data = (file: string): string => readFileSync(file).toString("base64");
  const context = name === "admin" ? "kmagent-local" : name;
  writeFileSync(
    path,
    `apiVersion: v1
kind: Config
clusters:
- name: ${context}
  cluster:
    server: ${server}
    certificate-authority-data: ${data(join(directory, "ca.crt"))}
users:
- name: ${context}
  user:
    client-certificate-data: ${data(files.certificate)}
    client-key-data: ${data(files.key)}
contexts:
- name: ${context}
  context: { cluster: ${context}, user: ${context} }
current-context: ${context}
`,
    { mode: 0o600 },
  );
}

async function createAuthority(directory: string, name: string, signal: AbortSignal): Promise<void> {
  const { certificate, key } = certificateFiles(directory, name);
  await run(
    [
      ...[
        "openssl",
        "req",
        "-x509",
        "-config",
        join(directory, "openssl.cnf"),
        ...KEY,
        "-days",
        DAYS,
        "-subj",
        `/CN=kmagent-${name}`,
      ],
      ...[
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign,digitalSignature",
      ],
      ...["-addext", "subjectKeyIdentifier=hash", "-keyout", key, "-out", certificate],
    ],
    signal,
  );
}

async function issue(directory: string, name: string, request: CertificateRequest, signal: AbortSignal): Promise<void> {
  const { certificate, key } = certificateFiles(directory, name);
  const authority = certificateFiles(directory, request.issuer);
  const organization = request.organization === undefined ? "" : `/O=${request.organization}`;
  const names = request.alternativeNames ?? [];
  await run(
    [
      ...["openssl", "req", "-x509", "-config", join(directory, "openssl.cnf"), ...KEY, "-days", DAYS],
      ...["-subj", `${organization}/CN=${request.commonName}`, "-CA", authority.certificate, "-CAkey", authority.key],
      ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature"],
      ...["-addext", `extendedKeyUsage=${request.usage}`],
      ...(names.length > 0 ? ["-addext", `subjectAltName=${names.join(",")}`] : []),
      ...["-keyout", key, "-out", certificate],
    ],
    signal,
  );
  chmodSync(key, 0o600);
}
