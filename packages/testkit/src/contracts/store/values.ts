import type { LogRow, NewXCom } from "@airloom/store";
import { expect, test } from "vitest";
import { someRun } from "../../factories/some-run.ts";
import { someTaskInstance } from "../../factories/some-task-instance.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
/** Stores may give a subclass (Buffer): compare what is in it. */
const plain = (value: Uint8Array | null | undefined) => value && [...value];

const someLog = (seq: number, given: Partial<LogRow> = {}): LogRow => ({
  attempt: 1,
  seq,
  ts: 1_700_000_000_123,
  level: "info",
  source: "task",
  msg: `line ${seq}`,
  fields: null,
  group: null,
  ...given,
});

export function valuePromises(given: StoreUnderTest): void {
  const someXCom = (runKey: number, xcom: Partial<NewXCom> = {}): NewXCom => ({
    runKey,
    taskId: "extract",
    mapIndex: -1,
    key: "return_value",
    value: bytes(1, 2, 3),
    elements: null,
    length: null,
    ...xcom,
  });
  const place = ({ runKey, taskId, mapIndex, key }: NewXCom) => ({ runKey, taskId, mapIndex, key });

  test("a value replaces what stood in its place", async () => {
    const run = await someRun(given.store);
    const xcom = someXCom(run.id, { value: bytes(0, 255), length: 2 });
    await given.tx((tx) => tx.putXComs([someXCom(run.id)]));
    await given.tx((tx) => tx.putXComs([xcom, someXCom(run.id, { key: "other" })]));
    const found = await given.tx((tx) => tx.findXCom(place(xcom)));
    expect(found).toMatchObject({ ...place(xcom), size: 2, length: 2, updatedAt: expect.any(Date) });
    expect(plain(found?.value)).toEqual([0, 255]);
    expect(await given.tx((tx) => tx.findXCom({ ...place(xcom), mapIndex: 0 }))).toBeNull();
  });

  test("an empty value is a value", async () => {
    const run = await someRun(given.store);
    const xcom = someXCom(run.id, { value: bytes() });
    await given.tx((tx) => tx.putXComs([xcom]));
    const found = await given.tx((tx) => tx.findXCom(place(xcom)));
    expect([plain(found?.value), found?.size]).toEqual([[], 0]);
  });

  test("values of whole tasks come by task and map index, large ones without their bytes", async () => {
    const run = await someRun(given.store);
    const at = (taskId: string, mapIndex: number, size: number) =>
      someXCom(run.id, { taskId, mapIndex, value: new Uint8Array(size).fill(7) });
    await given.tx((tx) => tx.putXComs([at("b", 10, 1), at("b", 2, 5), at("a", -1, 4), at("c", -1, 1)]));
    await given.tx((tx) => tx.putXComs([someXCom(run.id, { taskId: "a", key: "other" })]));
    const list = async (maxBytes?: number) => {
      const rows = await given.tx((tx) =>
        tx.listXComs(run.id, {
          taskIds: ["b", "a", "x"],
          key: "return_value",
          ...(maxBytes !== undefined && { maxBytes }),
        }),
      );
      return rows.map((row) => [row.taskId, row.mapIndex, row.size, row.value?.length ?? null]);
    };
    expect(await list(Number.POSITIVE_INFINITY)).toEqual(await list());
    expect(await list()).toEqual([
      ["a", -1, 4, 4],
      ["b", 2, 5, 5],
      ["b", 10, 1, 1],
    ]);
    expect(await list(4)).toEqual([
      ["a", -1, 4, 4],
      ["b", 2, 5, null],
      ["b", 10, 1, 1],
    ]);
    expect(await list(0)).toEqual([
      ["a", -1, 4, null],
      ["b", 2, 5, null],
      ["b", 10, 1, null],
    ]);
  });

  test("elements that stand apart are read one by one or all, in order", async () => {
    const run = await someRun(given.store);
    const elements = Array.from({ length: 12 }, (_, index) => bytes(index, index));
    const xcom = someXCom(run.id, { value: null, elements, length: 12 });
    await given.tx((tx) => tx.putXComs([xcom]));
    expect(await given.tx((tx) => tx.findXCom(place(xcom)))).toMatchObject({ value: null, length: 12, size: 24 });
    const read = async (index?: number) =>
      (await given.tx((tx) => tx.listXComElements({ ...place(xcom), ...(index !== undefined && { index }) }))).map(
        plain,
      );
    expect(await read()).toEqual(elements.map(plain));
    expect(await read(10)).toEqual([[10, 10]]);
    expect(await read(12)).toEqual([]);
    await given.tx((tx) => tx.putXComs([{ ...xcom, elements: elements.slice(0, 2), length: 2 }]));
    expect(await read()).toEqual([
      [0, 0],
      [1, 1],
    ]);
    await given.tx((tx) => tx.putXComs([someXCom(run.id)]));
    expect(await read()).toEqual([]);
  });

  test("a new try deletes all values of its instance, a person one", async () => {
    const run = await someRun(given.store);
    const xcoms = [
      someXCom(run.id, { mapIndex: 0 }),
      someXCom(run.id, { mapIndex: 0, key: "other", value: null, elements: [bytes(1)], length: 1 }),
      someXCom(run.id, { mapIndex: 1 }),
      someXCom(run.id, { taskId: "load", mapIndex: 0 }),
    ];
    await given.tx((tx) => tx.putXComs(xcoms));
    await given.tx((tx) =>
      tx.deleteXComs(run.id, [
        { taskId: "extract", mapIndex: 0 },
        { taskId: "missing", mapIndex: 0 },
      ]),
    );
    const left = await given.tx((tx) => Promise.all(xcoms.map((xcom) => tx.findXCom(place(xcom)))));
    expect(left.map((row) => row !== null)).toEqual([false, false, true, true]);
    const [, other = someXCom(run.id), last = someXCom(run.id)] = xcoms;
    expect(await given.tx((tx) => tx.listXComElements(place(other)))).toEqual([]);
    expect(await given.tx((tx) => tx.deleteXCom(place(last)))).toBe(true);
    expect(await given.tx((tx) => tx.deleteXCom(place(last)))).toBe(false);
  });

  test("log records are kept as they are and come in order of attempt and seq", async () => {
    const { id } = await someTaskInstance(given.store);
    const records = [
      someLog(2, { msg: `tab\t "quote" \u0000 ünï`, fields: { deep: { list: [1, "two", null] } }, group: "build" }),
      someLog(1, { level: "error", source: "stderr" }),
    ];
    await given.tx((tx) => tx.appendLogs(id, records));
    await given.tx((tx) => tx.appendLogs(id, [someLog(10), someLog(9)]));
    await given.tx((tx) => tx.appendLogs(id, [someLog(1, { attempt: 2 })]));
    const list = await given.tx((tx) => tx.listLogs({ taskInstanceId: id, attempts: [2, 1], limit: 100 }));
    expect(list).toEqual([records[1], records[0], someLog(9), someLog(10), someLog(1, { attempt: 2 })]);
    expect(await given.tx((tx) => tx.listLogs({ taskInstanceId: id, attempts: [2], limit: 100 }))).toHaveLength(1);
    expect(await given.tx((tx) => tx.listLogs({ taskInstanceId: id, attempts: [], limit: 100 }))).toEqual([]);
  });

  test("records sent again are left alone, also when they overlap with new ones", async () => {
    const { id } = await someTaskInstance(given.store);
    const append = (records: readonly LogRow[]) => given.tx((tx) => tx.appendLogs(id, records));
    const first = await append([someLog(1), someLog(2), someLog(4)]);
    expect(first).toBeGreaterThan(0);
    expect(await append([someLog(1, { msg: "something else" }), someLog(2)])).toBe(first);
    const second = await append([someLog(2), someLog(3), someLog(4), someLog(5)]);
    expect(second).toBeGreaterThan(first);
    expect(await given.tx((tx) => tx.countLogBytes(id, 1))).toBe(second);
    expect(await given.tx((tx) => tx.countLogBytes(id, 2))).toBe(0);
    expect(await append([someLog(1, { attempt: 2 })])).toBeLessThan(second);
    expect(await append([])).toBe(0);
    const list = await given.tx((tx) => tx.listLogs({ taskInstanceId: id, attempts: [1], limit: 100 }));
    expect(list).toEqual([1, 2, 3, 4, 5].map((seq) => someLog(seq)));
  });

  test("a log is read page by page, across attempts", async () => {
    const { id } = await someTaskInstance(given.store);
    const all = [1, 2].flatMap((attempt) => [1, 2, 3].map((seq) => someLog(seq, { attempt })));
    for (const attempt of [1, 2]) {
      await given.tx((tx) =>
        tx.appendLogs(
          id,
          all.filter((record) => record.attempt === attempt),
        ),
      );
    }
    const seen: LogRow[] = [];
    for (;;) {
      const last = seen.at(-1);
      const page = await given.tx((tx) =>
        tx.listLogs({
          taskInstanceId: id,
          attempts: [1, 2],
          limit: 2,
          ...(last && { after: { attempt: last.attempt, seq: last.seq } }),
        }),
      );
      expect(page.length).toBeLessThanOrEqual(2);
      if (page.length === 0) break;
      seen.push(...page);
    }
    expect(seen).toEqual(all);
  });

  test("two that append to one attempt lose nothing", async () => {
    const { id } = await someTaskInstance(given.store);
    await Promise.all([
      given.tx((tx) => tx.appendLogs(id, [someLog(1), someLog(2), someLog(3)])),
      given.tx((tx) => tx.appendLogs(id, [someLog(2), someLog(4)])),
    ]);
    const list = await given.tx((tx) => tx.listLogs({ taskInstanceId: id, attempts: [1], limit: 100 }));
    expect(list.map((record) => record.seq)).toEqual([1, 2, 3, 4]);
  });
}
