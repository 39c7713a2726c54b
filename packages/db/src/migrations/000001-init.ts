/**
 * The first schema. A migration that was released never changes: its checksum is kept in every database.
 *
 * Conventions: tables singular; ids made by the application are text in byte order (`"C"`: no locale can reorder them); times
 * are timestamptz(3), UTC, stamped with `airloom_clock()`. JSON that authors influence is `json`, not `jsonb`, which refuses
 * `\u0000`. What hot updates change (lease, counts, stamps) is in no index, so that these updates stay HOT.
 */
export const sql = `
-- Time ---------------------------------------------------------------------------------------------------------------

-- One row. Tests move the clock of a whole database by it; it is zero everywhere else.
create table clock (
  only_row boolean primary key default true check (only_row),
  shift interval not null default '0'
);
insert into clock default values;

-- The one clock. In a condition write (select airloom_clock()): a bare volatile call keeps indexes from being used.
create function airloom_clock() returns timestamptz language plpgsql volatile as $$
begin
  return date_trunc('milliseconds', clock_timestamp() + (select shift from clock));
end $$;

-- What authors published ---------------------------------------------------------------------------------------------

create table artifact (
  id text collate "C" primary key,
  file text not null,
  manifest json not null,
  part_hashes text[] not null,
  created_at timestamptz(3) not null default airloom_clock()
);

create table artifact_part (
  hash text collate "C" primary key,
  bytes bytea not null,
  created_at timestamptz(3) not null default airloom_clock()
);
-- Parts come compressed.
alter table artifact_part alter column bytes set storage external;

create table dag (
  dag_id text collate "C" primary key,
  file text not null,
  is_paused boolean not null,
  is_stale boolean not null default false,
  version_id text collate "C" not null,
  version_number integer not null,
  display_name text not null,
  description text,
  tags text[] not null,
  owners text[] not null,
  max_active_runs integer not null,
  max_active_tasks integer not null,
  max_consecutive_failed_runs integer not null,
  next_logical_date timestamptz(3),
  next_interval_start timestamptz(3),
  next_interval_end timestamptz(3),
  next_run_after timestamptz(3),
  last_logical_date timestamptz(3),
  last_interval_start timestamptz(3),
  last_interval_end timestamptz(3),
  last_run_after timestamptz(3),
  -- Number of the newest run: given out under this row's lock, so that no number is given twice.
  run_count integer not null default 0,
  last_parsed_at timestamptz(3) not null,
  constraint cursor_is_whole check (num_nulls(next_logical_date, next_interval_start, next_interval_end, next_run_after) in (0, 4)),
  constraint last_run_is_whole check (num_nulls(last_logical_date, last_interval_start, last_interval_end, last_run_after) in (0, 4))
) with (fillfactor = 70);
create index dag_due on dag (next_run_after) where not is_paused and not is_stale and next_run_after is not null;
create index dag_by_file on dag (file);

create table dag_version (
  id text collate "C" primary key,
  dag_id text collate "C" not null references dag on delete cascade,
  number integer not null,
  spec json not null,
  spec_hash text not null,
  artifact_id text collate "C" not null,
  run_timeout_seconds double precision,
  created_at timestamptz(3) not null,
  unique (dag_id, number)
);

create table dag_file (
  file text collate "C" primary key,
  source_hash text not null,
  artifact_id text,
  source text not null,
  parsed_at timestamptz(3) not null,
  seconds double precision not null,
  missing integer not null default 0,
  reparse_requested boolean not null default false
);

create table import_error (
  id bigint generated always as identity primary key,
  file text collate "C" not null unique,
  at timestamptz(3) not null,
  error json not null,
  source_hash text not null
);

-- Runs ---------------------------------------------------------------------------------------------------------------

create table dag_run (
  key bigint generated always as identity primary key,
  dag_id text collate "C" not null references dag,
  number integer not null,
  run_id text collate "C" not null,
  run_type text not null,
  state text not null,
  -- An insert that names a version which was replaced meanwhile fails by this key, and its transaction is run again.
  version_id text collate "C" not null constraint run_has_version references dag_version,
  logical_date timestamptz(3),
  interval_start timestamptz(3),
  interval_end timestamptz(3),
  run_after timestamptz(3) not null,
  conf json not null,
  triggered_by text not null,
  triggering_user text,
  queued_at timestamptz(3) not null,
  started_at timestamptz(3),
  ended_at timestamptz(3),
  unfinished integer not null,
  clear_number integer not null default 0,
  note text,
  last_decision_at timestamptz(3),
  updated_at timestamptz(3) not null,
  unique (dag_id, run_id),
  unique (dag_id, number),
  constraint run_state_known check (state in ('queued', 'running', 'success', 'failed')),
  constraint run_ended_when_finished check ((ended_at is not null) = (state in ('success', 'failed'))),
  constraint run_started_when_running check (state <> 'running' or started_at is not null),
  constraint run_type_known check (run_type in ('scheduled', 'manual', 'backfill', 'asset_triggered', 'asset_materialization', 'operator_triggered'))
) with (fillfactor = 70);
create unique index dag_run_logical_date on dag_run (dag_id, logical_date) where logical_date is not null;
create index dag_run_newest on dag_run (dag_id, run_after desc, key desc);
create index dag_run_by_version on dag_run (version_id);
create index dag_run_queued on dag_run (run_after, key) where state = 'queued';
create index dag_run_running on dag_run (dag_id, key) where state = 'running';
create index dag_run_active on dag_run (dag_id) where state in ('queued', 'running');

-- Counts that every finish of a run adds to; no index on what changes.
create table task_tally (
  run_key bigint not null,
  task_id text collate "C" not null,
  total integer not null,
  success integer not null,
  failed integer not null,
  upstream_failed integer not null,
  skipped integer not null,
  removed integer not null,
  primary key (run_key, task_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create table task_exclusion (
  run_key bigint not null,
  task_id text collate "C" not null,
  excluded text[] not null,
  primary key (run_key, task_id)
);

-- Append-only: a writer never waits for another. Taken in order and deleted by whoever looks.
create table run_wakeup (
  id bigint generated always as identity primary key,
  run_key bigint not null,
  reason text not null,
  at timestamptz(3) not null default airloom_clock()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1);

-- Task instances -----------------------------------------------------------------------------------------------------

create table task_instance (
  id text collate "C" primary key,
  run_key bigint not null references dag_run,
  dag_id text collate "C" not null,
  task_id text collate "C" not null,
  map_index integer not null,
  operator text not null,
  state text not null default 'none',
  attempt integer not null default 0,
  try_number integer not null default 0,
  max_tries integer not null,
  losses integer not null default 0,
  next_due_at timestamptz(3),
  pool text collate "C" not null,
  pool_slots integer not null,
  queue text collate "C" not null,
  executor text collate "C" not null,
  priority integer not null,
  token_hash text,
  worker_id text collate "C",
  lease_until timestamptz(3),
  -- In the place of lease_until in index conditions: a heartbeat moves the lease and must stay a HOT update.
  leased boolean not null generated always as (lease_until is not null) stored,
  scheduled_at timestamptz(3),
  queued_at timestamptz(3),
  started_at timestamptz(3),
  ended_at timestamptz(3),
  code text,
  note text,
  updated_at timestamptz(3) not null,
  unique (run_key, task_id, map_index),
  constraint state_known check (state in ('none', 'scheduled', 'queued', 'running', 'restarting', 'up_for_retry',
    'up_for_reschedule', 'deferred', 'awaiting_input', 'success', 'failed', 'skipped', 'upstream_failed', 'removed')),
  constraint ended_when_finished check ((ended_at is not null) = (state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed'))),
  constraint running_is_held check (state <> 'running' or (lease_until is not null and worker_id is not null and token_hash is not null and started_at is not null)),
  constraint lease_has_holder check (lease_until is null or (worker_id is not null and token_hash is not null)),
  constraint queued_is_stamped check (state <> 'queued' or queued_at is not null),
  constraint scheduled_is_stamped check (state <> 'scheduled' or scheduled_at is not null)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_analyze_threshold = 1000);
create index task_instance_scheduled on task_instance (run_key, priority desc, scheduled_at, id) where state = 'scheduled';
create index task_instance_queued on task_instance (executor, priority desc, queued_at, id) where state = 'queued';
-- Not led by the executor: without statistics the planner would take it for a claim, and sort what the index above has in order.
create index task_instance_live on task_instance (pool, run_key) where state in ('queued', 'running', 'restarting');
create index task_instance_deferred on task_instance (pool) where state = 'deferred';
create index task_instance_leased on task_instance (worker_id) where leased;
create index task_instance_due on task_instance (next_due_at) where state in ('up_for_retry', 'up_for_reschedule');
create index task_instance_token on task_instance (token_hash) where state = 'running';

create table attempt (
  task_instance_id text collate "C" not null,
  attempt integer not null,
  try_number integer not null,
  worker_id text collate "C",
  hostname text,
  pid integer,
  queued_at timestamptz(3),
  started_at timestamptz(3),
  ended_at timestamptz(3),
  outcome text,
  failure json,
  fingerprint text,
  primary key (task_instance_id, attempt),
  constraint ended_with_outcome check ((ended_at is null) = (outcome is null))
) with (fillfactor = 80);

-- The second wall behind the one door: refuses edges that the table of legal moves does not have, and an attempt that falls.
-- The edges stand in the function, which a session compiles once. As the trigger's condition PostgreSQL read them anew in each
-- statement: 0.1 ms per move of a row; this costs 0.02.
create function refuse_illegal_move() returns trigger language plpgsql as $$
declare
  edges constant text := '
    |none>scheduled|none>success|none>failed|none>skipped|none>upstream_failed|none>removed|
    |scheduled>queued|scheduled>none|scheduled>success|scheduled>failed|scheduled>skipped|scheduled>upstream_failed|
    |scheduled>removed|
    |queued>running|queued>scheduled|queued>none|queued>success|queued>failed|queued>skipped|queued>removed|
    |running>success|running>failed|running>skipped|running>up_for_retry|running>up_for_reschedule|running>deferred|
    |running>awaiting_input|running>scheduled|running>restarting|running>removed|
    |restarting>none|restarting>scheduled|restarting>success|restarting>failed|restarting>skipped|
    |restarting>upstream_failed|restarting>removed|
    |up_for_retry>scheduled|up_for_retry>none|up_for_retry>success|up_for_retry>failed|up_for_retry>skipped|
    |up_for_retry>upstream_failed|up_for_retry>removed|
    |up_for_reschedule>scheduled|up_for_reschedule>none|up_for_reschedule>success|up_for_reschedule>failed|
    |up_for_reschedule>skipped|up_for_reschedule>upstream_failed|up_for_reschedule>removed|
    |deferred>scheduled|deferred>none|deferred>success|deferred>failed|deferred>skipped|deferred>removed|
    |awaiting_input>scheduled|awaiting_input>none|awaiting_input>success|awaiting_input>failed|awaiting_input>skipped|
    |awaiting_input>removed|
    |success>none|success>failed|success>skipped|
    |failed>none|failed>success|failed>skipped|
    |skipped>none|skipped>success|skipped>failed|
    |upstream_failed>none|upstream_failed>success|upstream_failed>failed|upstream_failed>skipped|
    |removed>none|
  ';
begin
  if new.attempt >= old.attempt and position('|' || old.state || '>' || new.state || '|' in edges) > 0 then
    return new;
  end if;
  raise exception 'illegal move of task instance %: % (attempt %) to % (attempt %)', old.id, old.state, old.attempt, new.state, new.attempt
    using errcode = 'check_violation', constraint = 'legal_move';
end $$;
create trigger legal_move before update on task_instance for each row
  when (old.state <> new.state or new.attempt < old.attempt) execute function refuse_illegal_move();

-- Values -------------------------------------------------------------------------------------------------------------

create table xcom (
  run_key bigint not null,
  task_id text collate "C" not null,
  map_index integer not null,
  key text collate "C" not null,
  value bytea,
  size integer not null,
  length integer,
  updated_at timestamptz(3) not null,
  primary key (run_key, task_id, map_index, key)
);

-- Elements of a list that stands apart, so that each of 1,000 mapped instances reads its own and not the whole list.
create table xcom_element (
  run_key bigint not null,
  task_id text collate "C" not null,
  map_index integer not null,
  key text collate "C" not null,
  index integer not null,
  value bytea not null,
  primary key (run_key, task_id, map_index, key, index)
);

-- A batch of log records: each as the text of its JSON. Chunks of one attempt never overlap (an append that would overlap
-- merges), so reading them in order gives the records in order.
create table log_chunk (
  task_instance_id text collate "C" not null,
  attempt integer not null,
  first_seq bigint not null,
  last_seq bigint not null,
  seqs bigint[] not null,
  records text[] not null,
  primary key (task_instance_id, attempt, first_seq)
);

create table log_size (
  task_instance_id text collate "C" not null,
  attempt integer not null,
  bytes bigint not null,
  primary key (task_instance_id, attempt)
) with (fillfactor = 70);

create table variable (
  key text collate "C" primary key,
  value bytea not null,
  description text,
  updated_at timestamptz(3) not null
);

create table connection (
  connection_id text collate "C" primary key,
  conn_type text not null,
  description text,
  host text,
  port integer,
  login text,
  schema text,
  password bytea,
  extra bytea,
  updated_at timestamptz(3) not null
);

create table app_user (
  username text collate "C" primary key,
  password_hash text not null,
  role text not null check (role in ('viewer', 'user', 'op', 'admin'))
);

-- Limits and processes -----------------------------------------------------------------------------------------------

create table pool (
  name text collate "C" primary key,
  slots integer not null check (slots >= -1),
  description text,
  include_deferred boolean not null default false
);
insert into pool (name, slots, description) values ('default_pool', 128, 'Default pool');

create table executor (
  name text collate "C" primary key,
  parallelism integer not null check (parallelism >= 0)
);
insert into executor (name, parallelism) values ('local', 32), ('sequential', 1);

-- Locks limiter rows without waiting: null when one is busy. The block is a subtransaction of its own, so that a busy row
-- neither aborts the transaction nor leaves locks, and statements sent behind this one in the same round trip go on.
create function lock_executors_nowait(names text[]) returns json language plpgsql volatile as $$
begin
  return (select coalesce(json_agg(json_build_object('name', r.name, 'parallelism', r.parallelism)), '[]')
    from (select * from executor where name = any(names) order by name for no key update nowait) r);
exception when lock_not_available then return null;
end $$;

create function lock_pools_nowait(names text[]) returns json language plpgsql volatile as $$
begin
  return (select coalesce(json_agg(json_build_object('name', r.name, 'slots', r.slots, 'description', r.description,
      'includeDeferred', r.include_deferred)), '[]')
    from (select * from pool where name = any(names) order by name for no key update nowait) r);
exception when lock_not_available then return null;
end $$;

create function lock_dags_nowait(ids text[]) returns json language plpgsql volatile as $$
begin
  return (select coalesce(json_agg(json_build_object('dagId', r.dag_id, 'isPaused', r.is_paused,
      'maxActiveRuns', r.max_active_runs, 'maxActiveTasks', r.max_active_tasks)), '[]')
    from (select * from dag where dag_id = any(ids) order by dag_id for no key update nowait) r);
exception when lock_not_available then return null;
end $$;

create table worker (
  worker_id text collate "C" primary key,
  hostname text not null,
  pid integer not null,
  boot_id text not null,
  start_ticks text not null,
  executor text not null,
  queues text[] not null,
  slots integer not null,
  started_at timestamptz(3) not null,
  heartbeat_at timestamptz(3) not null
) with (fillfactor = 50);

create table service (
  kind text collate "C" not null,
  id text collate "C" not null,
  hostname text not null,
  pid integer not null,
  started_at timestamptz(3) not null,
  heartbeat_at timestamptz(3) not null,
  primary key (kind, id)
) with (fillfactor = 50);

create table event_log (
  id bigint generated always as identity primary key,
  at timestamptz(3) not null default airloom_clock(),
  event text not null,
  actor text,
  dag_id text collate "C",
  run_id text collate "C",
  task_id text collate "C",
  map_index integer,
  try_number integer,
  detail json not null
);
create index event_log_by_dag on event_log (dag_id, id);
`;
