import { isLegalMove, type TaskInstanceState } from "@airloom/core";
import { byRow, type Change, type Check, type History, type Row, timeOf } from "../history.ts";

const nameOf = (row: Row | null): string => `${row?.dag_id} run ${row?.run_key} ${row?.task_id}[${row?.map_index}]`;

/** A change of an instance that was there and stays, by its two rows. */
type Step = Change & { readonly before: Row; readonly after: Row };

const stepsOf = (history: History): readonly (readonly Step[])[] =>
  [...byRow(history.changes, "task_instance", "id").values()].map((changes) =>
    changes.filter((change): change is Step => change.before !== null && change.after !== null),
  );

/** A check of each change of an instance by itself. */
const ofEachStep =
  (look: (step: Step, history: History) => string | null): Check =>
  (history) =>
    stepsOf(history).flatMap((steps) =>
      steps.flatMap((step) => {
        const what = look(step, history);
        return what === null ? [] : [`${nameOf(step.after)}: ${what}, by ${step.actor} (change ${step.id})`];
      }),
    );

/** The states of one instance follow each other as the table of moves allows, and each version follows from the one before. */
export const legalMoves: Check = ofEachStep(({ before, after }) => {
  const [from, to] = [before.state as TaskInstanceState, after.state as TaskInstanceState];
  return from === to || isLegalMove(from, to) ? null : `${from} to ${to}`;
});

export const noGaps: Check = (history) =>
  stepsOf(history).flatMap((steps) =>
    steps.flatMap((step, n) => {
      const last = steps[n - 1]?.after;
      const same = !last || (last.state === step.before.state && last.attempt === step.before.attempt);
      return same ? [] : [`${nameOf(step.after)}: change ${step.id} does not begin where the one before ended`];
    }),
  );

/** The attempt grows by one at the move to queued, and never otherwise. */
export const attemptsCount: Check = ofEachStep(({ before, after }) => {
  const grown = Number(after.attempt) - Number(before.attempt);
  const due = before.state !== "queued" && after.state === "queued" ? 1 : 0;
  return grown === due ? null : `attempt ${before.attempt} to ${after.attempt} at ${before.state} to ${after.state}`;
});

const sameHolder = ({ before, after }: Step): boolean =>
  before.token_hash !== null && before.token_hash === after.token_hash && before.attempt === after.attempt;

/** While an attempt holds it a lease only grows. */
export const leasesGrow: Check = ofEachStep((step) => {
  const [old, now] = [timeOf(step.before.lease_until), timeOf(step.after.lease_until)];
  if (!sameHolder(step) || old === null || now === null || now >= old) return null;
  return `the lease of attempt ${step.after.attempt} got ${old - now} ms shorter`;
});

/** A lease lasts as long as it is said to, from when it was asked for by the database's clock. */
export const leasesLast: Check = ofEachStep(({ before, after, actor, statementAt }, { terms }) => {
  const leaseMs = terms.leaseMs.get(actor);
  const until = timeOf(after.lease_until);
  if (leaseMs === undefined || until === null || before.lease_until === after.lease_until) return null;
  // Times are kept in whole milliseconds.
  const short = statementAt + leaseMs - until;
  return short <= 1.001 ? null : `the lease of attempt ${after.attempt} is ${Math.round(short)} ms too short`;
});

/** Only an attempt's own worker may end its lease before it and the grace are over. */
export const leasesAreKept: Check = ofEachStep((step, { terms }) => {
  const { before, after, actor, at } = step;
  const until = timeOf(before.lease_until);
  if (!actor.startsWith("scheduler") || until === null || sameHolder(step)) return null;
  const early = until + terms.graceMs - at;
  return early <= 0
    ? null
    : `the lease of attempt ${before.attempt} was taken ${Math.round(early)} ms early at ${before.state} to ${after.state}`;
});

const words: ReadonlySet<unknown> = new Set(["cleared", "marked", "run_marked"]);

/** A user's word fences an attempt, but does not end its lease: its process may be alive. */
export const wordsKeepLeases: Check = ofEachStep(({ before, after }) => {
  if (before.state !== "running" || after.state === "running" || !words.has(after.code) || after.lease_until !== null)
    return null;
  return `the lease of attempt ${before.attempt} is gone at ${before.state} to ${after.state} (${after.code})`;
});

/** Nothing is handed out while an earlier attempt may be alive. */
export const noOverlaps: Check = ofEachStep(({ before, after }) => {
  if (before.state === after.state || (after.state !== "queued" && after.state !== "running")) return null;
  return before.lease_until === null
    ? null
    : `${after.state} as attempt ${after.attempt} while a lease until ${before.lease_until} stood`;
});

/** A token belongs to one running attempt. (One whose attempt was lost may be sent again, and get another.) */
export const oneAttemptPerToken: Check = ({ changes }) => {
  const holders = new Map<unknown, Map<unknown, string>>();
  const problems: string[] = [];
  for (const { table, before, after } of changes) {
    if (table !== "task_instance") continue;
    if (before?.state === "running") holders.get(before.token_hash)?.delete(before.id);
    if (after?.state !== "running") continue;
    const own = `${nameOf(after)} attempt ${after.attempt}`;
    const held = holders.get(after.token_hash) ?? new Map<unknown, string>();
    holders.set(after.token_hash, held);
    if (before?.state !== "running")
      problems.push(...[...held.values()].map((other) => `${own} and ${other} have the same token`));
    held.set(after.id, own);
  }
  return problems;
};

/** A row of an attempt is made once, and keeps what it ended with. */
export const outcomesStay: Check = ({ changes }) => {
  const made = new Set<string>();
  return changes.flatMap(({ table, before, after, actor }) => {
    if (table !== "attempt" || !after) return [];
    const own = `attempt ${after.attempt} of ${after.task_instance_id}`;
    if (!before) {
      if (made.has(own)) return [`${own} was handed out twice`];
      made.add(own);
      return [];
    }
    const changed = before.outcome !== null && (before.outcome !== after.outcome || before.ended_at !== after.ended_at);
    return changed ? [`${own} ended as ${before.outcome}, then as ${after.outcome}, by ${actor}`] : [];
  });
};

/** A success on record is the success of its instance, in the same transaction; and the other way round where a worker said so. */
export const successesAreMoves: Check = ({ changes }) => {
  const keyOf = (commit: number, id: unknown, attempt: unknown) => `${commit} ${id} ${attempt}`;
  const recorded = new Set<string>();
  const moved = new Set<string>();
  for (const { table, before, after, commit, actor } of changes) {
    if (!after || !before) continue;
    if (table === "attempt" && before.outcome === null && after.outcome === "succeeded")
      recorded.add(keyOf(commit, after.task_instance_id, after.attempt));
    if (
      table === "task_instance" &&
      before.state === "running" &&
      after.state === "success" &&
      after.code !== "marked" &&
      after.code !== "run_marked" &&
      actor !== ""
    )
      moved.add(keyOf(commit, after.id, after.attempt));
  }
  return [
    ...[...recorded].filter((key) => !moved.has(key)).map((key) => `a success on record without its move: ${key}`),
    ...[...moved].filter((key) => !recorded.has(key)).map((key) => `a success that is not on record: ${key}`),
  ];
};
