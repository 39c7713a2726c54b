import { isLegalMove, taskInstanceStates } from "@airloom/core";
import { someRun, someTaskInstance } from "@airloom/testkit";
import { expect, test } from "vitest";
import { ownStore } from "./own-store.ts";

const own = await ownStore();
const { store, client } = own;

/** Columns that the checks of a state ask for. */
const columnsFor = `lease_until = now(), token_hash = 'x', worker_id = 'x', scheduled_at = now(), queued_at = now(), started_at = now()`;

test("the database's own table of moves is that of the core", async () => {
  const { id } = await someTaskInstance(store);
  const differences: string[] = [];
  for (const from of taskInstanceStates) {
    for (const to of taskInstanceStates.filter((state) => state !== from)) {
      await client.query("begin");
      await client.query("set local session_replication_role = replica");
      await setState(id, from);
      await client.query("set local session_replication_role = origin");
      const allowed = await setState(id, to).then(
        () => true,
        (error: Error & { constraint?: string }) => {
          if (error.constraint !== "legal_move") throw error;
          return false;
        },
      );
      await client.query("rollback");
      if (allowed !== isLegalMove(from, to)) differences.push(`${from} to ${to}: ${allowed}`);
    }
  }
  expect(differences).toEqual([]);
});

const setState = (id: string, state: string) =>
  client.query(
    `update task_instance set state = $2, ended_at = case when $2 in ('success', 'failed', 'skipped', 'upstream_failed', 'removed')
      then now() end, ${columnsFor} where id = $1`,
    [id, state],
  );

test.each([
  ["an attempt never falls", "update task_instance set attempt = 0 where id = $1", "legal_move"],
  ["a running instance has a lease", "update task_instance set lease_until = null where id = $1", "running_is_held"],
  [
    "a lease has a worker",
    "update task_instance set state = 'restarting', worker_id = null where id = $1",
    "lease_has_holder",
  ],
  ["what ended has finished", "update task_instance set ended_at = now() where id = $1", "ended_when_finished"],
  ["a state is a known one", "update task_instance set state = 'paused' where id = $1", "legal_move"],
])("PostgreSQL itself sees to it that %s", async (_, sql, constraint) => {
  const { id } = await someTaskInstance(store, { state: "running" });
  await expect(client.query(sql, [id])).rejects.toMatchObject({ code: "23514", constraint });
});

test("a heartbeat writes no index", async () => {
  const row = await someTaskInstance(store, { state: "running", claim: { leaseMs: 1 } });
  const key = { taskInstanceId: row.id, attempt: row.attempt, tokenHash: row.tokenHash ?? "" };
  const hotUpdates = async () => {
    await client.query("select pg_stat_clear_snapshot()");
    const { rows } = await client.query<{ hot: string }>(
      `select n_tup_hot_upd as hot from pg_stat_user_tables where relname = 'task_instance'`,
    );
    return Number(rows[0]?.hot);
  };
  const before = await hotUpdates();
  const worker = own.another();
  for (let beat = 1; beat <= 20; beat += 1) await worker.tx((tx) => tx.extendLeases([key], 1_000 * beat));
  // A connection hands in its counts at the latest when it ends.
  await worker.close();
  // All but the few that found their page full.
  while ((await hotUpdates()) < before + 15);
});

test("the shift of the clock moves all that is due, for tests", async () => {
  const run = await someRun(store);
  const read = () => store.tx((tx) => tx.listPools().then(() => tx.now));
  const first = await read();
  await client.query("update clock set shift = interval '1 day'");
  const second = await read();
  expect(second.getTime() - first.getTime()).toBeGreaterThan(86_000_000);
  await store.tx((tx) => tx.adjustUnfinished([{ runKey: run.id, delta: 1 }]));
  const [row] = await store.tx((tx) => tx.listRunsByKey([run.id]));
  expect(row?.lastDecisionAt?.getTime()).toBeGreaterThanOrEqual(second.getTime());
});
