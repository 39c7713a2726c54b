import type { ClaimedRow, TaskInstanceRow, Tx } from "@airloom/store";
import { arrayOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";
import { runFieldsInside, runInside } from "../dag-run/run-fields.ts";
import { instanceFieldNames, instanceFields } from "./instance-fields.ts";

/** $1 executor, $2 queues, $3 how many, $4 token hashes, $5 worker, $6 lease in milliseconds. */
const isQueued = "ti.state = 'queued' and ti.executor = $1 and ti.queue = any($2)";
const bestFirst = "ti.priority desc, ti.queued_at, ti.id";

/**
 * Gives the rows of `picked` to the worker. They are locked, and judged again once locked, so the state needs no second check.
 * "Materialized", there and here: without the fence the planner may run a limited subquery twice and claim too many.
 */
const claim = `
  ${clockOnce},
  numbered as materialized (select id, row_number() over () as n from picked),
  ti as (
    update task_instance ti set state = 'running', token_hash = token.hash, worker_id = $5,
      lease_until = clock.now + $6 * interval '1 millisecond', started_at = clock.now, ended_at = null, updated_at = clock.now
    from numbered join unnest($4::text[]) with ordinality as token (hash, n) on token.n = numbered.n, clock
    where ti.id = numbered.id
    returning ti.*, numbered.n
  ),
  noted as (
    insert into attempt (task_instance_id, attempt, try_number, worker_id, hostname, pid, queued_at, started_at)
    select ti.id, ti.attempt, ti.try_number, $5, w.hostname, w.pid, ti.queued_at, ti.started_at
    from ti left join worker w on w.worker_id = $5
  )
  select ${instanceFields}, ${runFieldsInside} from ti join dag_run r on r.key = ti.run_key order by ti.n`;

const claimBest = statement(
  "task_instance.claim",
  `with picked as materialized (
    select ti.id from task_instance ti where ${isQueued} order by ${bestFirst} limit $3 for no key update skip locked
  ), ${claim}`,
);

const artifactOf = "join dag_run r on r.key = ti.run_key join dag_version v on v.id = r.version_id";

/**
 * Warm ones first among equals. To know which are warm takes a look at each one's version, so only the best few dozen are
 * looked at, not all equals at every claim. What others hold there is made up for from the rest. Where the very best are warm, or
 * there are no others, nothing is to be chosen, and the look that takes most of a claim's time is left out.
 */
const claimWarm = statement(
  "task_instance.claim_warm",
  `with head as materialized (select ti.run_key from task_instance ti where ${isQueued} order by ${bestFirst} limit $3),
  choice as materialized (
    select count(*) = $3 and not bool_and(v.artifact_id = any($7)) as is_open from head ti ${artifactOf}
  ),
  best as materialized (
    select ti.id from task_instance ti where ${isQueued} order by ${bestFirst}
    limit case when (select is_open from choice) then $3 + 32 else 0 end
  ),
  first_choice as materialized (
    select ti.id from best join task_instance ti on ti.id = best.id ${artifactOf}
    where ti.state = 'queued'
    order by ti.priority desc, (v.artifact_id = any($7)) desc, ti.queued_at, ti.id limit $3 for no key update of ti skip locked
  ),
  second_choice as materialized (
    select ti.id from task_instance ti where ${isQueued} and not ti.id = any(array(select id from first_choice))
    order by ${bestFirst} limit $3 - (select count(*) from first_choice) for no key update skip locked
  ),
  picked as materialized (select id from first_choice union all select id from second_choice), ${claim}`,
);

type FlatRow = TaskInstanceRow & Readonly<Record<string, unknown>>;

/** The instance's own columns, and its run's. */
function claimedOf(flat: FlatRow): ClaimedRow {
  const run = runInside(flat);
  const own: Record<string, unknown> = {};
  for (const name of instanceFieldNames) own[name] = flat[name];
  return { ...(own as unknown as TaskInstanceRow), versionId: run.versionId, run };
}

export const claimQueued =
  (sql: Sql): Tx["claimQueued"] =>
  async ({ executor, queues, workerId, tokenHashes, leaseMs, warmArtifacts }) => {
    if (tokenHashes.length === 0) return [];
    const values = [executor, arrayOf(queues), tokenHashes.length, arrayOf(tokenHashes), workerId, leaseMs];
    const rows =
      warmArtifacts.length === 0
        ? await sql.all<FlatRow>(claimBest, values)
        : await sql.all<FlatRow>(claimWarm, [...values, arrayOf(warmArtifacts)]);
    return rows.map(claimedOf);
  };

const findByToken = statement(
  "task_instance.find_claimed",
  `select ${instanceFields}, ${runFieldsInside} from task_instance ti join dag_run r on r.key = ti.run_key
  where ti.state = 'running' and ti.token_hash = any($1) order by ti.id`,
);

export const findClaimed =
  (sql: Sql): Tx["findClaimed"] =>
  async (tokenHashes) =>
    (await sql.all<FlatRow>(findByToken, [arrayOf(tokenHashes)])).map(claimedOf);
