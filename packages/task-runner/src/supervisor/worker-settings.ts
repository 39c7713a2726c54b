/** What an operator of a worker may tune. Times in ms, sizes in bytes. */
export interface WorkerSettings {
  /** How long one claim waits for work; less than the lease, which may start at any moment of it. */
  readonly claimWaitMs: number;
  /** How long `stop` waits for running attempts before it gives them back. */
  readonly drainMs: number;
  /** Longest load of an artifact and a Dag's body. */
  readonly bindTimeoutMs: number;
  /** From the abort signal to SIGTERM. */
  readonly abortGraceMs: number;
  /** Children that are ready and bound to nothing. */
  readonly blankChildren: number;
  /** Children that may start at the same time: each takes a processor for about a tenth of a second. */
  readonly startsAtOnce: number;
  /** Children beyond the slots: the blank ones, and bound ones that wait for more of their Dag. */
  readonly spareChildren: number;
  readonly attemptsPerChild: number;
  /** Resident memory at which a child is replaced after its attempt. */
  readonly childRssBytes: number;
  /** V8's heap limit; null = Node's default. */
  readonly childHeapBytes: number | null;
  /** `prlimit --data`; null = none. Not the address space: Node reserves much more of that than it uses. */
  readonly childDataBytes: number | null;
  /** Names of environment variables that children get besides the usual few. */
  readonly passEnvironment: readonly string[];
  /** Total of cached artifacts. */
  readonly cacheBytes: number;
  readonly logBytesPerAttempt: number;
  readonly logLineBytes: number;
  /** The log goes out when that much time has passed or that much has come together. */
  readonly logBatchMs: number;
  readonly logBatchBytes: number;
  /** An outcome whose delivery takes longer is put on disk, so that a restarted worker delivers it. */
  readonly spoolAfterMs: number;
}

const kib = 1024;
const mib = 1024 * kib;

export const defaultWorkerSettings: WorkerSettings = {
  claimWaitMs: 10_000,
  drainMs: 20_000,
  bindTimeoutMs: 60_000,
  abortGraceMs: 1_000,
  blankChildren: 1,
  startsAtOnce: 2,
  spareChildren: 3,
  attemptsPerChild: 1_000,
  childRssBytes: 768 * mib,
  childHeapBytes: null,
  childDataBytes: null,
  passEnvironment: [],
  cacheBytes: 2_048 * mib,
  logBytesPerAttempt: 10 * mib,
  logLineBytes: 16 * kib,
  logBatchMs: 200,
  logBatchBytes: 64 * kib,
  spoolAfterMs: 1_000,
};
