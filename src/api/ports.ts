/** Where every agent answers `GET /`: kubelet's probes, the operator and people on the node all ask there. */
export const HEALTH_PORT = 13_133;
