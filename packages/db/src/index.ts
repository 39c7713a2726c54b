export type { PoolOptions } from "./connection/pool.ts";
export type { Account } from "./embedded/account.ts";
export { ownIdentity, type ProcessIdentity, stillRuns } from "./embedded/process-identity.ts";
export type { EmbeddedServer, ServerExit, StopMode } from "./embedded/server.ts";
export { type EmbeddedOptions, startEmbedded } from "./embedded/start.ts";
export { type EmbeddedSupervisor, superviseEmbedded } from "./embedded/supervise.ts";
export { checkSchema, migrate, type SchemaState } from "./migrations/migrate.ts";
export { createPostgresStore, type PostgresStore } from "./postgres-store.ts";
