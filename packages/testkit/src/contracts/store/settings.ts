import { expect, test } from "vitest";
import { someId } from "../../factories/some-id.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const plain = (value: Uint8Array | null | undefined) => value && [...value];

export function settingPromises(given: StoreUnderTest): void {
  test("a variable is put, replaced, found, listed by key and deleted", async () => {
    const [a, b] = [someId("variable"), someId("variable")];
    await given.tx((tx) => tx.putVariable({ key: b, value: Uint8Array.of(1), description: null }));
    await given.tx((tx) => tx.putVariable({ key: a, value: Uint8Array.of(2), description: "old" }));
    await given.tx((tx) => tx.putVariable({ key: a, value: Uint8Array.of(3, 0), description: "new" }));
    const own = (await given.tx((tx) => tx.listVariables())).filter((row) => [a, b].includes(row.key));
    expect(own.map((row) => [row.key, plain(row.value), row.description])).toEqual([
      [a, [3, 0], "new"],
      [b, [1], null],
    ]);
    expect((await given.tx((tx) => tx.findVariables([b, someId("variable")]))).map((row) => row.key)).toEqual([b]);
    expect(await given.tx((tx) => tx.deleteVariable(a))).toBe(true);
    expect(await given.tx((tx) => tx.deleteVariable(a))).toBe(false);
  });

  test("a connection is put, replaced, found, listed by id and deleted", async () => {
    const connection = {
      connectionId: someId("connection"),
      connType: "postgres",
      description: "warehouse",
      host: "db.example",
      port: 5_432,
      login: "loader",
      schema: "dw",
      password: Uint8Array.of(9, 9),
      extra: null,
    };
    await given.tx((tx) => tx.putConnection({ ...connection, host: "old" }));
    await given.tx((tx) => tx.putConnection(connection));
    const found = await given.tx((tx) => tx.findConnection(connection.connectionId));
    const { password, ...rest } = connection;
    expect(found).toMatchObject({ ...rest, updatedAt: expect.any(Date) });
    expect(plain(found?.password)).toEqual(plain(password));
    const listed = (await given.tx((tx) => tx.listConnections())).filter(
      (row) => row.connectionId === connection.connectionId,
    );
    expect(listed).toEqual([found]);
    expect(await given.tx((tx) => tx.deleteConnection(connection.connectionId))).toBe(true);
    expect(await given.tx((tx) => tx.deleteConnection(connection.connectionId))).toBe(false);
    expect(await given.tx((tx) => tx.findConnection(connection.connectionId))).toBeNull();
  });

  test("a user is put, replaced, found and counted", async () => {
    const user = { username: someId("user"), passwordHash: "hash", role: "viewer" } as const;
    const before = await given.tx((tx) => tx.countUsers());
    await given.tx((tx) => tx.putUser(user));
    await given.tx((tx) => tx.putUser({ ...user, role: "admin" }));
    expect(await given.tx((tx) => tx.findUser(user.username))).toEqual({ ...user, role: "admin" });
    expect(await given.tx((tx) => tx.countUsers())).toBe(before + 1);
    expect(await given.tx((tx) => tx.findUser(someId("user")))).toBeNull();
  });

  test("events are written, several at once or none", async () => {
    const event = {
      event: "dag:paused",
      actor: null,
      dagId: someId("dag"),
      runId: null,
      taskId: null,
      mapIndex: -1,
      tryNumber: 2,
      detail: { reason: "test" },
    };
    await expect(given.tx((tx) => tx.insertEvents([event, { ...event, actor: "someone" }]))).resolves.toBeUndefined();
    await expect(given.tx((tx) => tx.insertEvents([]))).resolves.toBeUndefined();
  });

  test("a worker is registered, touched, listed by host and deleted", async () => {
    const hostname = someId("host");
    const make = (workerId: string) => ({
      workerId,
      hostname,
      pid: 12,
      bootId: "boot",
      startTicks: "345",
      executor: "local",
      queues: ["default", "gpu"],
      slots: 4,
    });
    const [a, b] = [someId("worker"), someId("worker")];
    for (const workerId of [b, a]) await given.tx((tx) => tx.upsertWorker(make(workerId)));
    const list = () => given.tx((tx) => tx.listWorkers({ hostname }));
    const first = await list();
    expect(first).toEqual(
      [a, b].map((id) => ({ ...make(id), startedAt: expect.any(Date), heartbeatAt: expect.any(Date) })),
    );
    await given.tx((tx) => tx.upsertWorker({ ...make(a), slots: 8 }));
    await given.tx((tx) => tx.touchWorker(b));
    await given.tx((tx) => tx.touchWorker(someId("worker")));
    const second = await list();
    expect(second.map((worker) => [worker.slots, worker.startedAt])).toEqual([
      [8, first[0]?.startedAt],
      [4, first[1]?.startedAt],
    ]);
    for (const [index, worker] of second.entries()) {
      expect(worker.heartbeatAt.getTime()).toBeGreaterThanOrEqual(first[index]?.heartbeatAt.getTime() ?? 0);
    }
    expect((await given.tx((tx) => tx.listWorkers({}))).map((worker) => worker.workerId)).toEqual(
      expect.arrayContaining([a, b]),
    );
    await given.tx((tx) => tx.deleteWorkers([a, someId("worker")]));
    expect((await list()).map((worker) => worker.workerId)).toEqual([b]);
  });

  test("a service is touched, listed and deleted", async () => {
    const service = { kind: "scheduler", id: someId("service"), hostname: "host", pid: 3 };
    const list = async () => (await given.tx((tx) => tx.listServices())).filter((row) => row.id === service.id);
    await given.tx((tx) => tx.touchService(service));
    const [first] = await list();
    expect(first).toEqual({ ...service, startedAt: expect.any(Date), heartbeatAt: expect.any(Date) });
    await given.tx((tx) => tx.touchService(service));
    const [second] = await list();
    expect(second?.startedAt).toEqual(first?.startedAt);
    expect(second?.heartbeatAt.getTime()).toBeGreaterThanOrEqual(first?.heartbeatAt.getTime() ?? 0);
    await given.tx((tx) => tx.deleteService(service.kind, service.id));
    expect(await list()).toEqual([]);
  });
}
