/** One option: its default, and why that. A key is given as `AIRLOOM__SECTION__KEY` in the environment, upper snake case. */
export interface Option<T> {
  readonly default: T;
  readonly parse: (text: string) => T;
  readonly reason: string;
  /** Never printed. */
  readonly secret?: true;
}

const text = (fallback: string, reason: string): Option<string> => ({
  default: fallback,
  parse: (value) => value,
  reason,
});

const secret = (reason: string): Option<string> => ({ ...text("", reason), secret: true });

interface Range {
  /** @default 0 */
  readonly least?: number;
  readonly most?: number;
  readonly whole?: true;
}

const number = (fallback: number, reason: string, { least = 0, most, whole }: Range = {}): Option<number> => ({
  default: fallback,
  reason,
  parse: (value) => {
    const parsed = Number(value);
    if (value.trim() === "" || !Number.isFinite(parsed)) throw new Error("a number is needed");
    if (whole && !Number.isSafeInteger(parsed)) throw new Error("a whole number is needed");
    if (parsed < least) throw new Error(`at least ${least} is needed`);
    if (most !== undefined && parsed > most) throw new Error(`at most ${most} is possible`);
    return parsed;
  },
});

/** A count that cannot be zero. */
const count = (fallback: number, reason: string): Option<number> => number(fallback, reason, { least: 1, whole: true });

const oneOf = (choices: readonly string[], fallback: string, reason: string): Option<string> => ({
  default: fallback,
  reason,
  parse: (value) => {
    if (!choices.includes(value)) throw new Error(`one of ${choices.join(", ")} is needed`);
    return value;
  },
});

const flag = (fallback: boolean, reason: string): Option<boolean> => ({
  default: fallback,
  reason,
  parse: (value) => {
    if (/^(true|1|yes|on)$/i.test(value)) return true;
    if (/^(false|0|no|off)$/i.test(value)) return false;
    throw new Error("true or false is needed");
  },
});

const list = (fallback: readonly string[], reason: string): Option<readonly string[]> => ({
  default: fallback,
  reason,
  parse: (value) =>
    value
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
});

/** Every option there is, by section: defaults, reasons, and what the reference and `airloom config list` show. */
export const options = {
  core: {
    dagsFolder: text("dags", "Where Dag files lie, relative to the project."),
    executor: text("local", "Where a task runs that names no executor."),
    parallelism: number(
      32,
      "Queued and running attempts of the local executor at once (as Airflow); slots are what really runs. 0 = no limit.",
      { whole: true },
    ),
    dagsArePausedAtCreation: flag(
      true,
      "A Dag does nothing until someone means it to (as Airflow); standalone overrides it.",
    ),
    maxMapLength: count(1_024, "A longer mapped task fails: it is more often a mistake than a wish (as Airflow)."),
  },
  database: {
    url: { ...secret("PostgreSQL to use; empty = the embedded server of the home."), default: "" },
    poolSize: count(10, "Connections per process: enough for the loops and a burst of requests."),
  },
  api: {
    host: text("127.0.0.1", "Nobody else reaches it until told."),
    port: number(8_080, "As Airflow.", { most: 65_535, whole: true }),
    exposeConfig: flag(false, "Configuration tells an attacker much (as Airflow)."),
    tokenLifetimeSeconds: count(86_400, "As Airflow."),
    bodyLimitBytes: count(1_048_576, "No request of a person is larger."),
  },
  scheduler: {
    pollMs: count(1_000, "Hints wake the loops at once; this finds what a lost hint left."),
    rescueMs: count(2_000, "How soon a lease that ended is noticed."),
  },
  workers: {
    server: text("", "Where the control plane is, for processes apart from it: http://host:port."),
    slots: number(0, "Attempts at once; 0 = two per processor, at least 4.", { whole: true }),
    queues: list(["default"], "Named queues this worker takes from."),
    leaseSeconds: number(30, "A worker that is silent so long has lost its attempts."),
    heartbeatSeconds: number(5, "Several fit into a lease."),
    marginSeconds: number(8, "A worker kills an attempt so long before its lease ends."),
    killGraceSeconds: number(5, "From SIGTERM to SIGKILL."),
    graceSeconds: number(10, "From the end of a lease to the next hand-out: longer than the kill takes."),
    drainSeconds: number(30, "How long a stopping worker waits for its attempts."),
    memoryLimitMb: number(0, "Data limit of a task process; 0 = none."),
    heapLimitMb: number(
      0,
      "Heap of JavaScript objects in a task process, told to a task that fills it; 0 = Node's own, at which that takes minutes. A limit costs each process 40 ms at its start: V8 takes back nothing it compiled under other flags.",
    ),
    environment: list([], "Names of environment variables that task processes get besides the usual ones."),
  },
  dagProcessor: {
    fileTimeoutSeconds: number(30, "A file that takes longer to load is an import error (as Airflow)."),
    memoryLimitMb: number(2_048, "Data limit of the process that loads Dag files."),
    refreshSeconds: number(
      4,
      "Full listing besides watching: what watching missed is seen within five seconds all the same.",
    ),
  },
  security: {
    adminPassword: secret("Password of the first user; empty = generated at the first start."),
    encryptionKey: secret("Keys for variables and connections, base64, newest first; empty = the home's key file."),
    signingKey: secret("Key that signs tokens, base64; empty = the home's key file."),
    workerToken: secret("Token of workers and dag-processors; empty = the home's key file."),
  },
  logging: {
    level: oneOf(["debug", "info", "warn", "error"], "info", "debug, info, warn or error."),
    maxBytesPerAttempt: count(10_485_760, "A log longer than this is cut, with a mark."),
  },
  xcom: {
    inlineBytes: number(65_536, "Values up to this size travel with the task; larger ones are fetched."),
    maxBytes: count(50_331_648, "A larger value fails its task: use storage and pass a reference."),
  },
} as const;

type Options = typeof options;
type ValueOf<O> = O extends Option<infer T> ? T : never;

/** All options with their values. */
export type Config = { readonly [S in keyof Options]: { readonly [K in keyof Options[S]]: ValueOf<Options[S][K]> } };

/** Where a value came from. */
export type ConfigSource = "flag" | "environment" | "file" | "default";

/** `dagsFolder` of `core` is `AIRLOOM__CORE__DAGS_FOLDER`. */
export const environmentName = (section: string, key: string): string =>
  `AIRLOOM__${upperSnake(section)}__${upperSnake(key)}`;

/** The option's name in Airflow's spelling: `dags_folder`. */
export const upperSnake = (name: string): string => name.replace(/([A-Z])/g, "_$1").toUpperCase();
