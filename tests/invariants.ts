/**
 * What must hold in an Airloom database at any time, as SQL whose every row is a breach. The numbers are those of the list of
 * invariants in the reliability notes. Each statement reads one snapshot, so they may run beside a busy system.
 */
export interface Invariant {
  readonly number: number;
  readonly title: string;
  /** Gives a row per breach; no rows when it holds. */
  readonly sql: string;
}

/** Times that depend on settings. Seconds. */
export interface InvariantTerms {
  /** From the end of a lease to when the attempt must have been given up: grace, the sweep's period, and some patience. */
  readonly rescueSeconds: number;
  /** Longest a queued attempt may stay unclaimed beside an idle worker, and a run without a decision. */
  readonly offerSeconds: number;
}

const ended = "('success', 'failed', 'skipped', 'upstream_failed', 'removed')";
const inSlot = "('queued', 'running', 'restarting')";

const taskInstance = "ti.id, ti.dag_id, ti.task_id, ti.map_index, ti.state, ti.attempt";

const identity: readonly Invariant[] = [
  {
    number: 1,
    title: "a run's id and logical date, and a run's task and index, are there once",
    sql: `select dag_id || ' ' || run_id as twice from dag_run group by dag_id, run_id having count(*) > 1
      union all select dag_id || ' ' || logical_date from dag_run where logical_date is not null
        group by dag_id, logical_date having count(*) > 1
      union all select run_key || ' ' || task_id || ' ' || map_index from task_instance
        group by run_key, task_id, map_index having count(*) > 1`,
  },
  {
    number: 2,
    title: "no attempt is newer than its task instance says, and one that runs has its row",
    sql: `select ${taskInstance}, max(a.attempt) as newest from task_instance ti
      left join attempt a on a.task_instance_id = ti.id group by ti.id
      having coalesce(max(a.attempt), 0) > ti.attempt
        or (ti.state in ('running', 'restarting') and coalesce(max(a.attempt), 0) <> ti.attempt)`,
  },
  {
    number: 3,
    title: "a task instance has at most one open attempt: its newest",
    sql: `select ${taskInstance}, array_agg(a.attempt) as open from task_instance ti
      join attempt a on a.task_instance_id = ti.id and a.ended_at is null group by ti.id
      having count(*) > 1 or max(a.attempt) <> ti.attempt or ti.state not in ('running', 'restarting')`,
  },
  {
    number: 5,
    title: "an attempt that ended has started before, and has one outcome; at most one succeeds between two clears",
    sql: `select a.task_instance_id, a.attempt, a.try_number, a.outcome from attempt a
      where a.ended_at is not null and (a.outcome is null or a.started_at is null or a.ended_at < a.started_at)
      union all
      select a.task_instance_id, max(a.attempt), a.try_number, 'success twice' from attempt a
      where a.outcome = 'succeeded' group by a.task_instance_id, a.try_number having count(*) > 1`,
  },
  {
    number: 7,
    title: "the guard against illegal moves is on",
    sql: `select 'legal_move' as missing where not exists (
        select 1 from pg_trigger where tgname = 'legal_move' and tgrelid = 'task_instance'::regclass and tgenabled <> 'D')`,
  },
];

const leases = ({ rescueSeconds }: InvariantTerms): readonly Invariant[] => [
  {
    number: 8,
    title: "what runs has a lease and a known worker; what neither runs nor ends has none",
    sql: `select ${taskInstance}, ti.worker_id, ti.lease_until from task_instance ti
      where (ti.state in ('running', 'restarting') and (ti.lease_until is null or ti.worker_id is null or ti.token_hash is null))
        or (ti.state not in ('running', 'restarting') and ti.state not in ${ended} and ti.lease_until is not null)`,
  },
  {
    number: 9,
    title: "a lease that ended was given up",
    sql: `select ${taskInstance}, ti.lease_until from task_instance ti
      where ti.lease_until < (select airloom_clock()) - interval '${rescueSeconds} seconds'`,
  },
];

const limits = ({ offerSeconds }: InvariantTerms): readonly Invariant[] => [
  {
    number: 11,
    title: "nothing stays queued beside an idle worker that could take it",
    sql: `select ${taskInstance}, ti.queued_at, w.worker_id from task_instance ti
      join worker w on w.executor = ti.executor and ti.queue = any(w.queues)
      where ti.state = 'queued' and ti.queued_at < (select airloom_clock()) - interval '${offerSeconds} seconds'
        and w.heartbeat_at > (select airloom_clock()) - interval '10 seconds'
        and w.slots > (select count(*) from task_instance held where held.worker_id = w.worker_id and held.leased)`,
  },
  {
    number: 12,
    title: "a pool's slots suffice for what is in it",
    sql: `select p.name, p.slots, sum(ti.pool_slots) as taken from pool p join task_instance ti on ti.pool = p.name
      where p.slots >= 0 and (ti.state in ${inSlot} or (p.include_deferred and ti.state = 'deferred'))
      group by p.name having sum(ti.pool_slots) > p.slots`,
  },
  {
    number: 13,
    title: "no Dag has more active runs than it may have by hand or schedule, no run more active tasks",
    sql: `select d.dag_id, d.max_active_runs as at_most, count(*) as active from dag d
      join dag_run r on r.dag_id = d.dag_id and r.state = 'running' and r.run_type <> 'backfill'
      group by d.dag_id having count(*) > d.max_active_runs
      union all
      select r.dag_id || ' ' || r.run_id, d.max_active_tasks, count(*) from dag_run r
      join dag d on d.dag_id = r.dag_id join task_instance ti on ti.run_key = r.key and ti.state in ${inSlot}
      group by r.key, d.dag_id having count(*) > d.max_active_tasks`,
  },
];

const runs = ({ offerSeconds }: InvariantTerms): readonly Invariant[] => [
  {
    number: 15,
    title: "a run counts its unfinished tasks rightly, and has ended when there are none",
    sql: `select r.dag_id, r.run_id, r.state, r.unfinished, count(ti.id) filter (where ti.state not in ${ended}) as counted
      from dag_run r left join task_instance ti on ti.run_key = r.key group by r.key
      having (r.state <> 'queued' and r.unfinished <> count(ti.id) filter (where ti.state not in ${ended}))
        or (r.state in ('success', 'failed') and count(ti.id) filter (where ti.state not in ${ended}) > 0)
        or (r.state = 'running' and count(ti.id) filter (where ti.state not in ${ended}) = 0
          and r.updated_at < (select airloom_clock()) - interval '${offerSeconds} seconds')`,
  },
  {
    number: 15,
    title: "a task's tallies say what became of the tasks before it",
    sql: `with edge as (
        select r.key, t.spec ->> 'id' as task_id, u.id as upstream from dag_run r
        join dag_version v on v.id = r.version_id,
        json_array_elements(v.spec -> 'tasks') as t (spec), json_array_elements_text(t.spec -> 'upstream') as u (id)
        where r.state <> 'queued'),
      counted as (
        select e.key, e.task_id, count(ti.id) as total, count(*) filter (where ti.state = 'success') as success,
          count(*) filter (where ti.state = 'failed') as failed,
          count(*) filter (where ti.state = 'upstream_failed') as upstream_failed,
          count(*) filter (where ti.state = 'skipped') as skipped, count(*) filter (where ti.state = 'removed') as removed
        from edge e left join task_instance ti on ti.run_key = e.key and ti.task_id = e.upstream group by e.key, e.task_id)
      select c.*, t.* from counted c left join task_tally t on t.run_key = c.key and t.task_id = c.task_id
      where (t.total, t.success, t.failed, t.upstream_failed, t.skipped, t.removed)
        is distinct from (c.total, c.success, c.failed, c.upstream_failed, c.skipped, c.removed)`,
  },
  {
    number: 16,
    title: "no run is without a next event",
    sql: `select r.dag_id, r.run_id, r.state, r.updated_at from dag_run r join dag d on d.dag_id = r.dag_id
      where r.updated_at < (select airloom_clock()) - interval '${offerSeconds} seconds'
        and not exists (select 1 from run_wakeup w where w.run_key = r.key)
        and case r.state
          when 'running' then not exists (select 1 from task_instance ti where ti.run_key = r.key
            and (ti.state in ('scheduled', 'queued', 'running', 'restarting', 'deferred', 'awaiting_input')
              or (ti.state in ('up_for_retry', 'up_for_reschedule') and ti.next_due_at is not null)))
          when 'queued' then r.run_after < (select airloom_clock()) - interval '${offerSeconds} seconds' and not d.is_paused
            and (select count(*) from dag_run o where o.dag_id = r.dag_id and o.state = 'running') < d.max_active_runs
          else false end`,
  },
  {
    number: 17,
    title: "no task had more tries than it may have, and losses are counted apart",
    sql: `select ${taskInstance}, ti.try_number, ti.max_tries, ti.losses from task_instance ti
      where ti.try_number > ti.max_tries + 1 or ti.losses < 0`,
  },
  {
    number: 18,
    title: "a schedule's cursor stands behind every run it made",
    sql: `select d.dag_id, d.next_logical_date, max(r.logical_date) as newest from dag d
      join dag_run r on r.dag_id = d.dag_id and r.run_type = 'scheduled'
      group by d.dag_id having d.next_logical_date <= max(r.logical_date)`,
  },
  {
    number: 19,
    title: "a run's version is its own Dag's, with all parts of its artifact, and knows its tasks",
    sql: `select r.dag_id, r.run_id, v.dag_id as of_dag, v.artifact_id, null as task_id from dag_run r
      join dag_version v on v.id = r.version_id left join artifact a on a.id = v.artifact_id
      where v.dag_id <> r.dag_id or a.id is null
        or exists (select 1 from unnest(a.part_hashes) as h (hash) where not exists (select 1 from artifact_part p where p.hash = h.hash))
      union all
      select r.dag_id, r.run_id, v.dag_id, v.artifact_id, ti.task_id from task_instance ti
      join dag_run r on r.key = ti.run_key join dag_version v on v.id = r.version_id
      where not exists (select 1 from json_array_elements(v.spec -> 'tasks') as t (spec) where t.spec ->> 'id' = ti.task_id)`,
  },
  {
    number: 20,
    title: "values and logs are of task instances and attempts that there were",
    sql: `select 'value' as what, x.task_id as of, x.map_index as part from xcom x where not exists (
        select 1 from task_instance ti where (ti.run_key, ti.task_id, ti.map_index) = (x.run_key, x.task_id, x.map_index))
      union all
      select 'element', e.task_id, e.index from xcom_element e where not exists (select 1 from xcom x
        where (x.run_key, x.task_id, x.map_index, x.key) = (e.run_key, e.task_id, e.map_index, e.key))
      union all
      select 'log', l.task_instance_id, l.attempt from log_chunk l
      where not exists (select 1 from attempt a where (a.task_instance_id, a.attempt) = (l.task_instance_id, l.attempt))`,
  },
];

/** All invariants, with times for the given terms. */
export const invariantsFor = (terms: InvariantTerms): readonly Invariant[] => [
  ...identity,
  ...leases(terms),
  ...limits(terms),
  ...runs(terms),
];

/** With the times of the default settings. */
export const invariants = invariantsFor({ rescueSeconds: 20, offerSeconds: 15 });
