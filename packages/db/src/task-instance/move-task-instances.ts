import { isLegalMove } from "@airloom/core";
import type { TaskInstanceMove, TaskInstanceRow, Tx } from "@airloom/store";
import { columnsOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";
import { instanceFields } from "./instance-fields.ts";

/** What a move changes, from `m` (as it was asked for) and `clock`. */
const assignments = `
  state = m.to_state,
  attempt = case when m.to_state = 'queued' then ti.attempt + 1 else ti.attempt end,
  try_number = coalesce(m.try_number, ti.try_number),
  max_tries = coalesce(m.max_tries, ti.max_tries),
  losses = coalesce(m.losses, ti.losses),
  map_index = coalesce(m.map_index, ti.map_index),
  next_due_at = case when m.sets_due then m.next_due_at else ti.next_due_at end,
  code = case when m.sets_code then m.code else ti.code end,
  lease_until = case when m.keeps_lease then ti.lease_until end,
  token_hash = case when m.keeps_lease then ti.token_hash end,
  worker_id = case when m.keeps_lease then ti.worker_id end,
  scheduled_at = case m.to_state when 'none' then null when 'scheduled' then clock.now else ti.scheduled_at end,
  queued_at = case when m.to_state in ('none', 'scheduled') then null when m.to_state = 'queued' then clock.now else ti.queued_at end,
  started_at = case when m.to_state in ('none', 'scheduled', 'queued') then null else ti.started_at end,
  ended_at = case when m.to_state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed') then clock.now end,
  updated_at = clock.now`;

const isAsAsked =
  "ti.state = m.from_state and ti.attempt = m.attempt and (m.token_hash is null or ti.token_hash = m.token_hash)";

const fields = `(id, from_state, attempt, to_state, token_hash, try_number, max_tries, losses, map_index, sets_due, next_due_at,
  sets_code, code, keeps_lease)`;

/** The usual move, of one row, needs no order. */
const moveOne = statement(
  "task_instance.move_one",
  `with ${clockOnce}
  update task_instance ti set ${assignments}
  from (values ($1::text, $2::text, $3::int, $4::text, $5::text, $6::int, $7::int, $8::int, $9::int, $10::boolean,
    $11::timestamptz, $12::boolean, $13::text, $14::boolean)) as m ${fields}, clock
  where ti.id = $1 and ${isAsAsked}
  returning ${instanceFields}`,
);

/**
 * Two such updates of the same rows must lock them in the same order, or they deadlock; an update's own order is the
 * planner's choice. So the rows are locked first, by id.
 */
const moveMany = statement(
  "task_instance.move_many",
  `with ${clockOnce},
  m as materialized (
    select m.* from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::int[],
      $10::boolean[], $11::timestamptz[], $12::boolean[], $13::text[], $14::boolean[]) as m ${fields}
    join task_instance ti on ti.id = m.id
    where ${isAsAsked} order by ti.id for no key update of ti
  )
  update task_instance ti set ${assignments}
  from m, clock where ti.id = m.id and ti.state = m.from_state and ti.attempt = m.attempt
  returning ${instanceFields}`,
);

/** The one door: where the state of a task instance is written, but for the claim (`claim-queued.ts`), which gives a lease with it. */
export const moveTaskInstances =
  (sql: Sql): Tx["moveTaskInstances"] =>
  async (moves) => {
    for (const { id, from, to } of moves) {
      // Running takes a lease, a worker and a token: only a claim gives them.
      if (!isLegalMove(from, to) || to === "running") {
        throw new Error(`illegal move of task instance ${id}: ${from} to ${to}`);
      }
    }
    const [first, ...others] = moves;
    if (!first) return [];
    return others.length === 0
      ? sql.all<TaskInstanceRow>(
          moveOne,
          getters.map((get) => get(first)),
        )
      : sql.all<TaskInstanceRow>(moveMany, columnsOf(moves, getters));
  };

/** The parameters of both statements, in the order of `fields`. */
const getters = [
  (m: TaskInstanceMove) => m.id,
  (m: TaskInstanceMove) => m.from,
  (m: TaskInstanceMove) => m.attempt,
  (m: TaskInstanceMove) => m.to,
  (m: TaskInstanceMove) => m.tokenHash,
  (m: TaskInstanceMove) => m.set?.tryNumber,
  (m: TaskInstanceMove) => m.set?.maxTries,
  (m: TaskInstanceMove) => m.set?.losses,
  (m: TaskInstanceMove) => m.set?.mapIndex,
  (m: TaskInstanceMove) => m.set?.nextDueAt !== undefined,
  (m: TaskInstanceMove) => m.set?.nextDueAt,
  (m: TaskInstanceMove) => m.set?.code !== undefined,
  (m: TaskInstanceMove) => m.set?.code,
  (m: TaskInstanceMove) => m.set?.dropLease === false,
] as const;
