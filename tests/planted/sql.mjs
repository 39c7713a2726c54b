/**
 * Edits of the SQL and the statement functions of packages/db, each of which the concurrent histories must notice
 * (`npm run planted -- --kind sql`). `find` stands exactly once in `file`.
 */
const instances = "packages/db/src/task-instance";
const runs = "packages/db/src/dag-run";
const limits = "packages/db/src/limit";

export const planted = [
  {
    id: "claim-without-lock",
    file: `${instances}/claim-queued.ts`,
    find: `order by \${bestFirst} limit $3 for no key update skip locked`,
    replace: `order by \${bestFirst} limit $3`,
    why: "Two workers pick the same rows; the update does not look at the state again.",
  },
  {
    id: "move-from-any-state",
    file: `${instances}/move-task-instances.ts`,
    find: "ti.state = m.from_state and ti.attempt = m.attempt and (m.token_hash",
    replace: "ti.attempt = m.attempt and (m.token_hash",
    why: "The compare-and-set no longer compares the state.",
  },
  {
    id: "move-of-any-attempt",
    file: `${instances}/move-task-instances.ts`,
    find: "ti.state = m.from_state and ti.attempt = m.attempt and (m.token_hash",
    replace: "ti.state = m.from_state and (m.token_hash",
    why: "The compare-and-set no longer compares the attempt: the fence is down.",
  },
  {
    id: "finish-with-any-token",
    file: `${instances}/move-task-instances.ts`,
    find: " and (m.token_hash is null or ti.token_hash = m.token_hash)",
    replace: "",
    why: "Whoever knows the number of an attempt may end it.",
  },
  {
    id: "clear-drops-lease",
    file: `${instances}/move-task-instances.ts`,
    find: "lease_until = case when m.keeps_lease then ti.lease_until end",
    replace: "lease_until = case when false then ti.lease_until end",
    why: "The lease of a cleared attempt is gone while it is alive: the next one starts beside it.",
  },
  {
    id: "heartbeat-with-any-token",
    file: `${instances}/leases.ts`,
    find: "ti.attempt = k.attempt and ti.token_hash = k.token_hash and ti.lease_until",
    replace: "ti.attempt = k.attempt and ti.lease_until",
    why: "A stranger keeps an attempt alive.",
  },
  {
    id: "lease-may-shrink",
    file: `${instances}/leases.ts`,
    find: "greatest(ti.lease_until, clock.now + $4 * interval '1 millisecond')",
    replace: "clock.now + $4 * interval '1 millisecond'",
    why: "GREATEST is gone: a late heartbeat with a shorter lease takes time away that was promised.",
  },
  {
    id: "clock-of-the-transaction",
    file: "packages/db/src/connection/sql.ts",
    find: "date_trunc('milliseconds', clock_timestamp() + (select shift from clock))",
    replace: "date_trunc('milliseconds', now() + (select shift from clock))",
    why: "now() stands still since the transaction began: leases are shorter than promised.",
  },
  {
    id: "run-without-lock",
    file: `${runs}/read-runs.ts`,
    find: "order by r.key for no key update",
    replace: "order by r.key",
    why: "Two transactions decide about one run at the same time.",
  },
  {
    id: "runs-locked-in-any-order",
    file: `${runs}/read-runs.ts`,
    find: "order by r.key for no key update",
    replace: "order by md5(r.key::text || pg_backend_pid()) for no key update",
    why: "Each session locks runs in an order of its own.",
  },
  {
    id: "dags-locked-in-any-order",
    file: `${limits}/lock-limits.ts`,
    find: "from dag where dag_id = any($1) order by dag_id for no key update",
    replace: "from dag where dag_id = any($1) order by md5(dag_id || pg_backend_pid()) for no key update",
    why: "Each session locks Dags in an order of its own.",
  },
  {
    id: "dag-without-lock",
    file: `${limits}/lock-limits.ts`,
    find: "from dag where dag_id = any($1) order by dag_id for no key update",
    replace: "from dag where dag_id = any($1) order by dag_id",
    why: "Runs are started beside each other, past the Dag's limit.",
  },
  {
    id: "executor-without-lock",
    file: "packages/db/src/migrations/000001-init.ts",
    find: "from (select * from executor where name = any(names) order by name for no key update nowait) r",
    replace: "from (select * from executor where name = any(names) order by name) r",
    why: "Finishes admit beside each other, past the executor's parallelism.",
  },
  {
    id: "restarting-takes-no-slot",
    file: `${limits}/count-live-slots.ts`,
    find: "where state in ('queued', 'running', 'restarting')",
    replace: "where state in ('queued', 'running')",
    why: "The slot of a cleared attempt that is still alive is given to another.",
  },
  {
    id: "wakeups-lost",
    file: `${runs}/wakeups.ts`,
    find: 'select distinct run_key as "runKey" from taken order by run_key',
    replace: 'select distinct run_key as "runKey" from taken order by run_key limit 1',
    why: "Wake-ups are deleted beyond what is answered.",
  },
  {
    id: "later-runs-not-woken",
    file: `${runs}/wakeups.ts`,
    find: "r.state = 'running' and r.key <> $2",
    replace: "r.state = 'running' and r.key < $2",
    why: "The run that waits for this one is the later one, and is not told.",
  },
  {
    id: "two-versions-at-once",
    file: "packages/db/src/dag/publish-dag.ts",
    find: "where d.dag_id = $1 for no key update of d",
    replace: "where d.dag_id = $1",
    why: "Two publications of one Dag give out the same number.",
  },
  {
    id: "run-exists-is-an-error",
    file: `${runs}/insert-run.ts`,
    find: "    on conflict do nothing\n",
    replace: "",
    why: "A run that somebody else has just made is an error instead of an answer.",
  },
  {
    id: "log-without-lock",
    file: "packages/db/src/value/logs.ts",
    find: "select pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::int, 0))",
    replace: "select hashtextextended($1::text || ' ' || $2::int, 0)",
    why: "A repeated batch of records beside the slow first one does not see it.",
  },
  {
    id: "token-of-two-attempts",
    file: "packages/db/src/migrations/000003-token-of-one-attempt.ts",
    find: "create unique index task_instance_token",
    replace: "create index task_instance_token",
    why: "A claim repeated beside the first one takes other attempts for the same tokens.",
  },
];
