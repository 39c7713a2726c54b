import type { Call, Change, Check, History, Row } from "../history.ts";

interface Held {
  readonly id: string;
  readonly attempt: number;
  readonly token: string;
}

const attemptOf = ({ id, attempt }: Pick<Held, "id" | "attempt">): string => `attempt ${attempt} of ${id}`;

/** Claims as the database has them: who holds which attempt by which token. */
function claimsIn({ changes }: History): ReadonlyMap<string, Change> {
  const claims = new Map<string, Change>();
  for (const change of changes) {
    const { table, before, after } = change;
    if (table === "task_instance" && before?.state === "queued" && after?.state === "running")
      claims.set(`${after.id} ${after.attempt} ${after.token_hash}`, change);
  }
  return claims;
}

const answered = ({ calls }: History, verb: string): readonly Call[] =>
  calls.filter((call) => call.verb === verb && call.result === "ok");

const claimedBy = (call: Call): readonly Held[] =>
  (call.verb === "claim" ? call.answer : (call.answer as { readonly claimed: unknown }).claimed) as readonly Held[];

/** What a worker was told it holds it does hold: by its own token, and nobody else was told the same. */
export const claimsAreReal: Check = (history) => {
  const claims = claimsIn(history);
  const tokens = new Map<string, string>();
  const problems: string[] = [];
  for (const call of [...answered(history, "claim"), ...answered(history, "finish")]) {
    const asked = new Set(call.args.tokens as readonly string[]);
    const once = new Set<string>();
    for (const held of claimedBy(call)) {
      const own = attemptOf(held);
      if (!claims.has(`${held.id} ${held.attempt} ${held.token}`))
        problems.push(`${call.caller} was given ${own}, which nobody claimed`);
      if (!asked.has(held.token)) problems.push(`${call.caller} was given ${own} for a token it did not send`);
      if (once.has(held.token)) problems.push(`${call.caller} was given two attempts for one token: ${own}`);
      once.add(held.token);
      const other = tokens.get(own);
      if (other !== undefined && other !== held.token) problems.push(`${own} was given to two tokens`);
      tokens.set(own, held.token);
    }
  }
  return problems;
};

/** Ends of attempts as the database has them, by attempt and token. */
function endsIn({ changes }: History): ReadonlyMap<string, readonly Change[]> {
  const ends = new Map<string, Change[]>();
  for (const change of changes) {
    const { table, before, after } = change;
    if (table !== "task_instance" || before?.state !== "running" || after?.state === "running") continue;
    const key = `${before.id} ${before.attempt} ${before.token_hash}`;
    ends.set(key, [...(ends.get(key) ?? []), change]);
  }
  return ends;
}

const slackMs = 20;
const during = ({ from, to }: Call, { at }: Change): boolean => at >= from - slackMs && at <= to + slackMs;

/** A finish that was recorded ended its own attempt, just then, and only one of those who said so did. */
export const finishesAreReal: Check = (history) => {
  const ends = endsIn(history);
  const outcomes = outcomesIn(history.changes);
  const recorded = new Map<string, number>();
  const problems: string[] = [];
  for (const call of answered(history, "finish")) {
    const { id, attempt, token, outcome } = call.args as unknown as Held & { readonly outcome: string };
    const own = `${attemptOf({ id, attempt })} (${outcome})`;
    const { result } = call.answer as { readonly result: string };
    const stored = outcomes.get(`${id} ${attempt}`);
    if (result === "recorded") {
      const key = `${id} ${attempt} ${token}`;
      if (!ends.get(key)?.some((change) => during(call, change)))
        problems.push(`${call.caller} finished ${own}, but nothing of it is there`);
      else if (stored !== outcome) problems.push(`${call.caller} finished ${own}, but on record is ${stored}`);
      recorded.set(key, (recorded.get(key) ?? 0) + 1);
    } else if (result === "repeated" && stored !== outcome) {
      problems.push(`${call.caller} was told that ${own} was recorded before, but on record is ${stored}`);
    }
  }
  for (const [key, times] of recorded) if (times > 1) problems.push(`the end of ${key} was recorded ${times} times`);
  return problems;
};

function outcomesIn(changes: readonly Change[]): ReadonlyMap<string, string> {
  const outcomes = new Map<string, string>();
  for (const { table, after } of changes) {
    if (table === "attempt" && typeof after?.outcome === "string")
      outcomes.set(`${after.task_instance_id} ${after.attempt}`, after.outcome);
  }
  return outcomes;
}

/** Only who holds an attempt is told to go on with it. */
export const heartbeatsAreOwn: Check = (history) => {
  const claims = claimsIn(history);
  return answered(history, "heartbeat").flatMap((call) => {
    const keys = call.args.keys as readonly {
      readonly taskInstanceId: string;
      readonly attempt: number;
      readonly tokenHash: string;
    }[];
    const verdicts = call.answer as readonly { readonly verdict: string }[];
    return keys.flatMap(({ taskInstanceId, attempt, tokenHash }, n) => {
      const isHeld = claims.has(`${taskInstanceId} ${attempt} ${tokenHash}`);
      return verdicts[n]?.verdict === "gone" || isHeld
        ? []
        : [
            `${call.caller} was told ${verdicts[n]?.verdict} of ${attemptOf({ id: taskInstanceId, attempt })}, which it does not hold`,
          ];
    });
  });
};

/** A user's word that was taken is in the rows: each instance it answered with moved just then. */
export const userMovesAreReal: Check = (history) =>
  ["clear", "mark", "setRunState"].flatMap((verb) =>
    answered(history, verb).flatMap((call) => {
      const moved = call.answer as readonly { readonly id: string; readonly state: string; readonly attempt: number }[];
      return moved.flatMap(({ id, state, attempt }) => {
        const isThere = movesOf(history)
          .get(`${id} ${state} ${attempt}`)
          ?.some((change) => during(call, change));
        return isThere ? [] : [`${call.caller}: ${verb} moved ${id} to ${state}, but that is nowhere`];
      });
    }),
  );

const moves = new WeakMap<History, ReadonlyMap<string, readonly Change[]>>();

function movesOf(history: History): ReadonlyMap<string, readonly Change[]> {
  const known = moves.get(history);
  if (known) return known;
  const found = new Map<string, Change[]>();
  for (const change of history.changes) {
    if (change.table !== "task_instance" || !change.after) continue;
    const key = `${change.after.id} ${change.after.state} ${change.after.attempt}`;
    found.set(key, [...(found.get(key) ?? []), change]);
  }
  moves.set(history, found);
  return found;
}

/** A run that was made is there, and one that was refused is there by somebody else's word. */
export const createdRunsAreThere: Check = (history) => {
  const made = new Map<string, Change>();
  for (const change of history.changes)
    if (change.table === "dag_run" && !change.before)
      made.set(`${change.after?.dag_id} ${change.after?.run_id}`, change);
  const makers = new Map<string, string>();
  return answered(history, "createRun").flatMap((call) => {
    const { dagId, runId } = call.args as Row;
    const name = `${dagId} ${runId}`;
    const { runKey } = call.answer as { readonly runKey: number | null };
    const change = made.get(name);
    if (runKey === null)
      return change && change.at <= call.to + slackMs
        ? []
        : [`${call.caller} was told that ${name} is there, but it is not`];
    const other = makers.get(name);
    makers.set(name, call.caller);
    if (other !== undefined) return [`${name} was made twice, by ${other} and ${call.caller}`];
    return change?.after?.key === runKey ? [] : [`${call.caller} made ${name}, but it is nowhere`];
  });
};

/** Records of logs that were taken are there, once, in their order. \`stored\` = seqs by "instance attempt". */
export function logsAreThere({ calls }: History, stored: ReadonlyMap<string, readonly number[]>): readonly string[] {
  const problems: string[] = [];
  for (const [key, seqs] of stored) {
    const isSorted = seqs.every((seq, n) => n === 0 || seq > (seqs[n - 1] ?? seq));
    if (!isSorted) problems.push(`the log of ${key} has ${seqs.join(", ")}`);
  }
  for (const { verb, result, args } of calls) {
    if (verb !== "log" || result !== "ok") continue;
    const there = new Set(stored.get(`${args.id} ${args.attempt}`));
    const lost = (args.seqs as readonly number[]).filter((seq) => !there.has(seq));
    if (lost.length > 0) problems.push(`the log of ${args.id} ${args.attempt} lacks ${lost.join(", ")}`);
  }
  return problems;
}
