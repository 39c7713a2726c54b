export type { Account } from "./embedded/account.ts";
export type { EmbeddedServer, ServerExit, StopMode } from "./embedded/server.ts";
export { type EmbeddedOptions, startEmbedded } from "./embedded/start.ts";
export { type EmbeddedSupervisor, superviseEmbedded } from "./embedded/supervise.ts";
