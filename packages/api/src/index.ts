export type { ApiDeps, Configuration } from "./api-deps.ts";
export { createApi } from "./app.ts";
export { hashPassword } from "./auth/passwords.ts";
export { createExecution } from "./execution/create-execution.ts";
export type { ExecutionDeps } from "./execution/execution-deps.ts";
export { checkConf } from "./rest/runs/check-conf.ts";
export { connectionFromUri } from "./secrets/resolve.ts";
export { createSecrets, type Secrets } from "./secrets/secrets.ts";
