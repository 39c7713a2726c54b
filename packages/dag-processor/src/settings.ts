/** How a processor works. Sizes in bytes, times in milliseconds. */
export interface ProcessorSettings {
  /** Longest time a file may take to load; then its child is killed. */
  readonly fileTimeoutMs: number;
  /** Data limit of a child. 0 = none. */
  readonly memoryLimitMb: number;
  /** Full listing besides watching: notices what watching missed. */
  readonly refreshMs: number;
  /** How often the control plane is asked for requests to parse again; also the processor's sign of life. */
  readonly sessionMs: number;
  /** A file is read once it has not changed for so long: copies in progress are left alone. */
  readonly settleMs: number;
  /** A file that was missed once is looked for again after this time. */
  readonly goneMs: number;
  /** Children that load files at the same time; a slow file does not count. */
  readonly parallel: number;
  /** Names of environment variables that children get besides the usual ones. */
  readonly environment: readonly string[];
  /** Packages that are not bundled but found where Airloom runs. */
  readonly externals: readonly string[];
  /** One file of the author's. */
  readonly maxFileBytes: number;
  readonly maxPartBytes: number;
  readonly maxDagsPerFile: number;
  /** Spec of one Dag, as JSON. */
  readonly maxSpecBytes: number;
}

const defaults: ProcessorSettings = {
  fileTimeoutMs: 30_000,
  memoryLimitMb: 2_048,
  refreshMs: 30_000,
  sessionMs: 5_000,
  settleMs: 150,
  goneMs: 1_000,
  parallel: 2,
  environment: [],
  externals: [],
  maxFileBytes: 16 * 1024 * 1024,
  maxPartBytes: 32 * 1024 * 1024,
  maxDagsPerFile: 1_000,
  maxSpecBytes: 16 * 1024 * 1024,
};

/** Settings with defaults for all that is not given. */
export const resolveProcessorSettings = (given: Partial<ProcessorSettings> = {}): ProcessorSettings => ({
  ...defaults,
  ...given,
});
