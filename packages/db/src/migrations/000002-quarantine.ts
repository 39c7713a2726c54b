/** Runs that could not be decided, and Dags whose next run could not be made: kept here, so that a scheduler that starts anew knows them. */
export const sql = `
create table quarantine (
  dag_id text collate "C" not null references dag on delete cascade,
  -- Null: the Dag's schedule.
  run_key bigint references dag_run on delete cascade,
  version_id text collate "C" not null,
  code text not null,
  reason text not null,
  failures integer not null,
  since timestamptz(3) not null,
  retry_at timestamptz(3) not null,
  released_at timestamptz(3),
  -- Nulls are all different to a unique index (before PostgreSQL 15), and no run has key 0.
  subject bigint not null generated always as (coalesce(run_key, 0)) stored,
  primary key (dag_id, subject)
);
-- For the cascade from the run.
create index quarantine_by_run on quarantine (run_key);
`;
