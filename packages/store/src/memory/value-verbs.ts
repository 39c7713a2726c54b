import type { XComRow } from "../rows.ts";
import type { LogRow, NewXCom, ValueVerbs } from "../value-verbs.ts";
import { by, sortedUnique } from "./order.ts";
import { copyJson, keyOf, type StoredXCom } from "./tables.ts";
import type { Transaction } from "./transaction.ts";
import type { Verbs } from "./verbs.ts";

type XComVerbs = Pick<
  ValueVerbs,
  "putXComs" | "listXComs" | "findXCom" | "listXComElements" | "deleteXComs" | "deleteXCom"
>;

export const xcomVerbs: Verbs<XComVerbs> = {
  putXComs: async (at, [xcoms]) => {
    for (const xcom of xcoms.toSorted(by((one) => [xcomKey(one)]))) {
      await at.tables.xcoms.upsert(at, xcomKey(xcom), () => stored(xcom, at.clockNow()));
    }
  },
  listXComs: (at, [runKey, { taskIds, key, maxBytes }]) => {
    const tasks = new Set(taskIds);
    return at.tables.xcoms
      .listBy(at, "run", runKey)
      .filter((row) => row.key === key && tasks.has(row.taskId))
      .sort(by((row) => [row.taskId, row.mapIndex]))
      .map((row) => (maxBytes !== undefined && row.size > maxBytes ? { ...shown(row), value: null } : shown(row)));
  },
  findXCom: (at, [place]) => {
    const row = at.tables.xcoms.get(at, xcomKey(place));
    return row ? shown(row) : null;
  },
  listXComElements: (at, [{ index, ...place }]) => {
    const elements = at.tables.xcoms.get(at, xcomKey(place))?.elements ?? [];
    return index === undefined ? elements : elements.slice(index, index + 1);
  },
  deleteXComs: async (at, [runKey, instances]) => {
    const places = new Set(instances.map(({ taskId, mapIndex }) => keyOf(taskId, mapIndex)));
    const rows = at.tables.xcoms.listBy(at, "run", runKey).filter((row) => places.has(keyOf(row.taskId, row.mapIndex)));
    for (const key of rows.map(xcomKey).sort()) await at.tables.xcoms.remove(at, key);
  },
  deleteXCom: (at, [place]) => at.tables.xcoms.remove(at, xcomKey(place)),
};

type XComPlace = Pick<NewXCom, "runKey" | "taskId" | "mapIndex" | "key">;

const xcomKey = ({ runKey, taskId, mapIndex, key }: XComPlace): string => keyOf(runKey, taskId, mapIndex, key);

function stored(xcom: NewXCom, updatedAt: Date): StoredXCom {
  const value = xcom.value?.slice() ?? null;
  const elements = xcom.elements?.map((element) => element.slice()) ?? null;
  const size = value?.length ?? (elements ?? []).reduce((bytes, element) => bytes + element.length, 0);
  return { ...xcom, value, elements, size, updatedAt };
}

const shown = ({ elements: _, ...row }: StoredXCom): XComRow => row;

type LogVerbs = Pick<ValueVerbs, "appendLogs" | "countLogBytes" | "listLogs">;

export const logVerbs: Verbs<LogVerbs> = {
  appendLogs: async (at, [taskInstanceId, records]) => {
    const { logs } = at.tables;
    for (const record of records) {
      const fields = record.fields && copyJson(record.fields);
      await logs.insert(at, { ...record, fields, taskInstanceId, bytes: bytesOf(record) });
    }
    return storedBytes(at, taskInstanceId, records[0]?.attempt);
  },
  countLogBytes: (at, [taskInstanceId, attempt]) => storedBytes(at, taskInstanceId, attempt),
  listLogs: (at, [{ taskInstanceId, attempts, after, limit }]) =>
    at.tables.logs
      .listBy(at, "taskInstance", taskInstanceId)
      .filter((row) => attempts.includes(row.attempt) && (!after || isBehind(row, after)))
      .sort(by((row) => [row.attempt, row.seq]))
      .slice(0, limit)
      .map(({ taskInstanceId: _, bytes: __, ...record }) => record),
};

const storedBytes = (at: Transaction, taskInstanceId: string, attempt: number | undefined): number =>
  at.tables.logs
    .listBy(at, "taskInstance", taskInstanceId)
    .filter((row) => row.attempt === attempt)
    .reduce((bytes, row) => bytes + row.bytes, 0);

const bytesOf = (record: LogRow): number => new TextEncoder().encode(JSON.stringify(record)).length;

const isBehind = (row: LogRow, after: { readonly attempt: number; readonly seq: number }): boolean =>
  row.attempt > after.attempt || (row.attempt === after.attempt && row.seq > after.seq);

type SettingVerbs = Omit<ValueVerbs, keyof XComVerbs | keyof LogVerbs>;

/** What people set up (variables, connections, users), and the record of what they did. */
export const settingVerbs: Verbs<SettingVerbs> = {
  listVariables: (at) => at.tables.variables.list(at).sort(by((row) => [row.key])),
  findVariables: (at, [keys]) => sortedUnique(keys).flatMap((key) => at.tables.variables.get(at, key) ?? []),
  putVariable: async (at, [row]) => {
    const value = row.value.slice();
    await at.tables.variables.upsert(at, row.key, () => ({ ...row, value, updatedAt: at.clockNow() }));
  },
  deleteVariable: (at, [key]) => at.tables.variables.remove(at, key),

  listConnections: (at) => at.tables.connections.list(at).sort(by((row) => [row.connectionId])),
  findConnection: (at, [connectionId]) => at.tables.connections.get(at, connectionId) ?? null,
  putConnection: async (at, [row]) => {
    const secrets = { password: row.password?.slice() ?? null, extra: row.extra?.slice() ?? null };
    await at.tables.connections.upsert(at, row.connectionId, () => ({ ...row, ...secrets, updatedAt: at.clockNow() }));
  },
  deleteConnection: (at, [connectionId]) => at.tables.connections.remove(at, connectionId),

  findUser: (at, [username]) => at.tables.users.get(at, username) ?? null,
  putUser: async (at, [user]) => {
    await at.tables.users.upsert(at, user.username, () => ({ ...user }));
  },
  listUsers: (at) => at.tables.users.list(at).sort(by((row) => [row.username])),
  countUsers: (at) => at.tables.users.list(at).length,

  insertEvents: (at, [events]) => {
    for (const event of events) {
      const id = at.tables.nextNumber("event");
      at.tables.events.put(at, { ...event, detail: copyJson(event.detail), id, at: at.clockNow() });
    }
  },
};
