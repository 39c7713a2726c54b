import { isLegalMove } from "@airloom/core";
import type { TaskInstanceMove, TaskInstanceRow, Tx } from "@airloom/store";
import { columnsOf } from "../connection/array-literal.ts";
import { type Sql, statement } from "../connection/sql.ts";
import { instanceFields } from "./instance-fields.ts";

/**
 * Two such updates of the same rows must lock them in the same order, or they deadlock; an update's own order is the
 * planner's choice. So the rows are locked first, by id.
 */
const move = statement(
  "task_instance.move",
  `with wanted as materialized (
    select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::int[],
      $10::boolean[], $11::timestamptz[], $12::boolean[], $13::text[], $14::boolean[])
    as m (id, from_state, attempt, to_state, token_hash, try_number, max_tries, losses, map_index, sets_due, next_due_at,
      sets_code, code, keeps_lease)
  ),
  locked as materialized (
    select ti.id from task_instance ti join wanted m on m.id = ti.id
    where ti.state = m.from_state and ti.attempt = m.attempt and (m.token_hash is null or ti.token_hash = m.token_hash)
    order by ti.id for no key update of ti
  )
  update task_instance ti set
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
    queued_at = case m.to_state when 'none' then null when 'scheduled' then null when 'queued' then clock.now else ti.queued_at end,
    started_at = case when m.to_state in ('none', 'scheduled', 'queued') then null else ti.started_at end,
    ended_at = case when m.to_state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed') then clock.now end,
    updated_at = clock.now
  from wanted m join locked on locked.id = m.id, (select airloom_clock() as now) clock
  where ti.id = m.id and ti.state = m.from_state and ti.attempt = m.attempt
  returning ${instanceFields}`,
);

/** The one door: where the state of a task instance is written, but for the claim (`claim-queued.ts`), which gives a lease with it. */
export const moveTaskInstances =
  (sql: Sql): Tx["moveTaskInstances"] =>
  async (moves) => {
    for (const { id, from, to } of moves) {
      if (!isLegalMove(from, to)) throw new Error(`illegal move of task instance ${id}: ${from} to ${to}`);
    }
    return moves.length === 0 ? [] : sql.all<TaskInstanceRow>(move, columns(moves));
  };

const columns = (moves: readonly TaskInstanceMove[]): string[] =>
  columnsOf(moves, [
    (m) => m.id,
    (m) => m.from,
    (m) => m.attempt,
    (m) => m.to,
    (m) => m.tokenHash,
    (m) => m.set?.tryNumber,
    (m) => m.set?.maxTries,
    (m) => m.set?.losses,
    (m) => m.set?.mapIndex,
    (m) => m.set?.nextDueAt !== undefined,
    (m) => m.set?.nextDueAt,
    (m) => m.set?.code !== undefined,
    (m) => m.set?.code,
    (m) => m.set?.dropLease === false,
  ]);
