import { AirloomError } from "@airloom/core";
import { createPostgresStore } from "@airloom/db";
import { publish, someId, someNewRun, somePublication, someRun, someSpec, someTaskInstance } from "@airloom/testkit";
import { expect, test } from "vitest";
import { eventually, ownStore } from "./own-store.ts";

const own = await ownStore({ poolSize: 3 });
const { store, client } = own;

const endConnections = () =>
  client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'airloom' and pid <> pg_backend_pid()",
  );
const somePool = () => ({ name: someId("pool"), slots: 1, description: null, includeDeferred: false });

test("a connection that breaks inside a transaction gives a clear error, and the store goes on with another", async () => {
  const pool = somePool();
  const broken = store.tx(async (tx) => {
    await tx.insertPool(pool);
    await endConnections();
    await tx.findPool(pool.name);
  });
  await expect(broken).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
    status: 503,
    data: { outcome: "undone" },
  });
  expect(await store.tx((tx) => tx.findPool(pool.name))).toBeNull();
});

test("a function that puts the loss of its connection into words of its own does not hide it", async () => {
  const wrapped = store.tx(async (tx) => {
    await tx.findPool("default_pool");
    await endConnections();
    await tx.findPool("default_pool").catch((cause) => {
      throw new Error("this run could not be read", { cause });
    });
  });
  await expect(wrapped).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE", data: { outcome: "undone" } });
});

test("what is sent on a connection that is known to be broken fails as clearly", async () => {
  const broken = store.tx(async (tx) => {
    await tx.findPool("default_pool");
    await endConnections();
    await tx.findPool("default_pool").catch(() => {});
    return Promise.all([tx.findPool("default_pool"), tx.listPools()]);
  });
  await expect(broken).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE", data: { outcome: "undone" } });
});

test("a value that cannot be sent fails alone, before anything of its statement is sent", async () => {
  const pool = somePool();
  const wrong = { ...pool, description: ["a list"] as unknown as string };
  await expect(store.tx((tx) => Promise.all([tx.insertPool(pool), tx.insertPool(wrong)]))).rejects.toThrow(/arrayOf/);
  expect(await store.tx((tx) => tx.findPool(pool.name))).toBeNull();
  await Promise.all([1, 2, 3].map(() => store.tx((tx) => tx.insertPool(somePool()))));
});

test("idle connections that the server ended are replaced unseen", async () => {
  await Promise.all([1, 2, 3].map(() => store.tx((tx) => tx.findPool("default_pool"))));
  await endConnections();
  await eventually(
    client,
    "select count(*) = 0 from pg_stat_activity where datname = current_database() and application_name = 'airloom'",
  );
  // The end of a connection may still be on its way to us: an error then is of the clear kind, and the next try works.
  const again = () => store.tx((tx) => tx.findPool("default_pool"));
  const pool = await again().catch((error) => {
    if (error instanceof AirloomError && error.code === "DATABASE_UNREACHABLE") return again();
    throw error;
  });
  expect(pool).toMatchObject({ slots: 128 });
});

test("a server that is not there gives a clear error", async () => {
  const nowhere = createPostgresStore({ url: "postgres://postgres@127.0.0.1:1/none" });
  await expect(nowhere.tx(async () => 1)).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE" });
  await nowhere.close();
});

test("a function that swallows a statement's error cannot commit what it undid", async () => {
  const pool = somePool();
  const run = await someRun(store);
  const instance = await someTaskInstance(store, { run });
  const swallowed = store.tx(async (tx) => {
    await tx.insertPool(pool);
    await tx.insertTaskInstances([{ ...instance, pool: pool.name }]).catch(() => {});
    return "done";
  });
  await expect(swallowed).rejects.toThrow(/duplicate key/);
  expect(await store.tx((tx) => tx.findPool(pool.name))).toBeNull();
});

test("statements that nobody waited for are part of the transaction", async () => {
  const pool = somePool();
  await store.tx(async (tx) => {
    void tx.insertPool(pool);
  });
  expect(await store.tx((tx) => tx.findPool(pool.name))).toEqual(pool);
});

test("of statements sent together one fails: the error is the first one's, and nothing is left unhandled", async () => {
  const instance = await someTaskInstance(store);
  const together = store.tx(async (tx) => {
    const first = tx.insertTaskInstances([instance]);
    const second = tx.findPool("default_pool");
    await second;
    await first;
  });
  await expect(together).rejects.toThrow(/duplicate key/);
});

test("a text with a NUL character is refused in words", async () => {
  const run = await someRun(store);
  await expect(store.tx((tx) => tx.setRunNote(run.id, "a\0b"))).rejects.toMatchObject({ code: "VALIDATION" });
});

test("a statement that waits too long for a lock fails in words, and its transaction is undone", async () => {
  const impatient = own.another({ lockTimeoutMs: 50 });
  await client.query("begin; select from pool where name = 'default_pool' for update");
  const late = impatient.tx((tx) => tx.lockPools(["default_pool"], { wait: true }));
  await expect(late).rejects.toMatchObject({ code: "DATABASE_OVERLOADED", status: 503 });
  await client.query("rollback");
  expect(await impatient.tx((tx) => tx.lockPools(["default_pool"], { wait: true }))).toHaveLength(1);
});

test("a busy row leaves no lock behind, and what was sent with it goes on", async () => {
  const [free, busy] = [
    { ...somePool(), name: someId("pool_a") },
    { ...somePool(), name: someId("pool_b") },
  ];
  await store.tx((tx) => Promise.all([tx.insertPool(free), tx.insertPool(busy)]));
  await client.query("begin");
  await client.query("select from pool where name = $1 for update", [busy.name]);
  await store.tx(async (tx) => {
    const answers = await Promise.all([
      tx.lockPools([free.name, busy.name], { wait: false }),
      tx.lockExecutors(["local"], { wait: false }),
      tx.findPool(free.name),
    ]);
    expect(answers).toEqual([null, [{ name: "local", parallelism: 32 }], free]);
    // NOWAIT of the plain connection: it would fail if the first lock had stayed.
    await client.query("select from pool where name = $1 for update nowait", [free.name]);
  });
  await client.query("rollback");
});

test("more callers than connections wait their turn", async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => store.tx(async () => n)));
  expect(answers).toEqual(Array.from({ length: 40 }, (_, n) => n));
});

test("a connection that breaks while it commits leaves open whether the change was kept, and says so", async () => {
  await client.query(`
    create function slow_commit() returns trigger language plpgsql as $$ begin perform pg_sleep(50); return null; end $$;
    create constraint trigger slow_commit after insert on variable deferrable initially deferred for each row execute function slow_commit()`);
  const variable = { key: someId("variable"), value: new Uint8Array([1]), description: null };
  const committing = store.tx((tx) => tx.putVariable(variable));
  committing.catch(() => {});
  const isCommitting = "datname = current_database() and query = 'commit' and wait_event = 'PgSleep'";
  await eventually(client, `select count(*) = 1 from pg_stat_activity where ${isCommitting}`);
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${isCommitting}`);
  await expect(committing).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE", data: { outcome: "unknown" } });
});

test("a run whose version was replaced between reading and inserting is made anew with the new one", async () => {
  const spec = someSpec();
  const dag = await publish(store, spec);
  const newVersionId = someId("version");
  let tries = 0;
  const run = await store.tx(async (tx) => {
    tries += 1;
    const current = await tx.findDag(dag.dagId);
    if (!current) throw new Error("no Dag");
    if (tries === 1)
      await store.tx((other) => other.publishDag(somePublication(spec, { specHash: "new", newVersionId })));
    return tx.insertRun(someNewRun(current));
  });
  expect(run?.versionId).toBe(newVersionId);
  expect(tries).toBe(2);
});
