export { runSeed, type SeedOptions, type SeedResult } from "./run-seed.ts";
export { type BatchResult, runSeeds, type SeedRange } from "./run-seeds.ts";
