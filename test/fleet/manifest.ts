/** The smallest KmAgent as people write it into a file. */
export const KMAGENT = `apiVersion: kloudmate.com/v1alpha1
kind: KmAgent
metadata: { name: km-agent, namespace: km-agent }
spec:
  clusterName: shop
  apiKeySecretRef: { name: km-agent-credentials, key: apiKey }
`;
