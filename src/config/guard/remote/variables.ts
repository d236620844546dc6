import { AGENT_VARIABLES } from "../../../api/agent-variables.ts";

/** The API key's variable. */
export const API_KEY = "KM_API_KEY";

/** Variables that a remote configuration may refer to anywhere. */
export const PLAIN_VARIABLES: readonly string[] = AGENT_VARIABLES.filter(({ isPlain }) => isPlain).map(
  ({ name }) => name,
);
