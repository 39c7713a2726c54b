export { type ApiDeps, createApi } from "./app.ts";
export { hashPassword } from "./auth/passwords.ts";
export { createTokens } from "./auth/tokens.ts";
export { createExecution } from "./execution/create-execution.ts";
export type { ExecutionDeps } from "./execution/execution-deps.ts";
export { createSecrets, type Secrets } from "./secrets/secrets.ts";
