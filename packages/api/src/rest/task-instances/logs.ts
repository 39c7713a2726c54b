import { Readable } from "node:stream";
import { AirloomError } from "@airloom/core";
import type { LogRow } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { flag, integer } from "../../http/list-query.ts";
import { negotiate } from "../../http/negotiate.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { mapIndexQuery, taskPath } from "../ids.ts";
import { type InstanceName, instanceName } from "./instance-routes.ts";
import { attemptsIn, attemptsOf, isLiveTry } from "./tries.ts";

const path = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}";
const tryPath = taskPath.extend({ try_number: integer.min(0) });
/** Records in one answer. */
const pageSize = 1_000;

/** A try's log: its attempts, one after the other. */
export const logRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: `${path}/logs/{try_number}`,
    summary: "Get Log",
    can: "read",
    params: tryPath,
    query: mapIndexQuery.extend({ full_content: flag.default(false), token: z.string().max(1_000).nullish() }),
    handle: async ({ params, query, request, reply }) => {
      const type = negotiate(request, ["application/json", "application/x-ndjson", "text/plain"]);
      const log = await openLog(deps, instanceName(params, query.map_index), params.try_number);
      const after = query.token ? readToken(query.token) : undefined;
      if (type !== "application/json") {
        const line = type === "text/plain" ? textLine : jsonLine;
        return reply.type(`${type}; charset=utf-8`).send(Readable.from(linesOf(log, after, line)));
      }
      return query.full_content ? wholeLog(log, after) : logPage(log, after);
    },
  }),
  route({
    method: "GET",
    path: `${path}/externalLogUrl/{try_number}`,
    summary: "Get External Log Url",
    can: "read",
    params: tryPath,
    query: mapIndexQuery,
    handle: async () => {
      throw new AirloomError("NOT_FOUND", {
        what: "An external log system",
        hint: "Logs are kept here: use the route `logs`.",
      });
    },
  }),
];

interface Position {
  readonly attempt: number;
  readonly seq: number;
}

interface OpenLog {
  readonly isLive: boolean;
  read(after: Position | undefined): Promise<readonly LogRow[]>;
}

async function openLog(deps: ApiDeps, name: InstanceName, tryNumber: number): Promise<OpenLog> {
  const { instance, attempts } = await deps.store.tx((tx) => attemptsIn(tx, name));
  const own = attemptsOf(attempts, tryNumber).map((one) => one.attempt);
  if (own.length === 0 && tryNumber > instance.tryNumber)
    throw new AirloomError("NOT_FOUND", {
      what: `Try ${tryNumber} of task "${name.taskId}"`,
      hint: `It has been tried ${instance.tryNumber} times.`,
    });
  return {
    isLive: isLiveTry(instance, tryNumber),
    read: (after) =>
      deps.store.tx((tx) =>
        tx.listLogs({ taskInstanceId: instance.id, attempts: own, limit: pageSize, ...(after ? { after } : {}) }),
      ),
  };
}

const positionOf = (rows: readonly LogRow[]): Position | undefined => {
  const last = rows.at(-1);
  return last && { attempt: last.attempt, seq: last.seq };
};

/** One page. A token is given while more may come: read on with it. */
async function logPage(log: OpenLog, after: Position | undefined) {
  const rows = await log.read(after);
  const last = positionOf(rows) ?? after ?? { attempt: 0, seq: -1 };
  return {
    content: rows.map(messageOf),
    continuation_token: rows.length === pageSize || log.isLive ? writeToken(last) : null,
  };
}

async function wholeLog(log: OpenLog, after: Position | undefined) {
  const content: unknown[] = [];
  let last = after;
  for await (const rows of pagesOf(log, after)) {
    content.push(...rows.map(messageOf));
    last = positionOf(rows) ?? last;
  }
  return { content, continuation_token: log.isLive ? writeToken(last ?? { attempt: 0, seq: -1 }) : null };
}

async function* pagesOf(log: OpenLog, after: Position | undefined): AsyncGenerator<readonly LogRow[]> {
  let position = after;
  for (;;) {
    const rows = await log.read(position);
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) return;
    position = positionOf(rows);
  }
}

async function* linesOf(
  log: OpenLog,
  after: Position | undefined,
  line: (row: LogRow) => string,
): AsyncGenerator<string> {
  for await (const rows of pagesOf(log, after)) yield rows.map(line).join("");
}

const messageOf = ({ ts, level, source, msg, fields, group }: LogRow) => ({
  ...fields,
  timestamp: new Date(ts).toISOString(),
  event: msg,
  level,
  logger: source,
  ...(group === null ? {} : { group }),
});

const jsonLine = (row: LogRow): string => `${JSON.stringify(messageOf(row))}\n`;
const textLine = ({ ts, level, source, msg }: LogRow): string =>
  `[${new Date(ts).toISOString()}] {${source}} ${level.toUpperCase()} - ${msg}\n`;

const writeToken = ({ attempt, seq }: Position): string => Buffer.from(`${attempt}.${seq}`).toString("base64url");

function readToken(token: string): Position {
  const [attempt = Number.NaN, seq = Number.NaN] = Buffer.from(token, "base64url").toString().split(".").map(Number);
  if (!Number.isSafeInteger(attempt) || !Number.isSafeInteger(seq))
    throw new AirloomError("BAD_REQUEST", { reason: "The token is not one that an answer gave." });
  return { attempt, seq };
}
