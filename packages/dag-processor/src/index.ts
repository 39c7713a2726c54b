export { createDagProcessor, type DagProcessorOptions } from "./dag-processor.ts";
export { type ParsedOnce, type ParseOnceOptions, parseOnce } from "./parse-once.ts";
export type { ProcessorEvent } from "./processor.ts";
export { type ProcessorSettings, resolveProcessorSettings } from "./settings.ts";
