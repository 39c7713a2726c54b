export { createDagProcessor } from "./dag-processor.ts";
export { type ParsedOnce, parseOnce } from "./parse-once.ts";
export type { ProcessorEvent } from "./processor.ts";
export type { ProcessorSettings } from "./settings.ts";
