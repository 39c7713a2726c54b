import type { Tx, XComRow } from "@airloom/store";
import { arrayOf, columnsOf } from "../connection/array-literal.ts";
import { fieldsOf, selectList } from "../connection/select-list.ts";
import { type Sql, statement } from "../connection/sql.ts";

const facts = fieldsOf<Omit<XComRow, "value">>()([
  "runKey",
  "taskId",
  "mapIndex",
  "key",
  "size",
  "length",
  "updatedAt",
]);
const xcomFacts = selectList("x", facts);

const list = statement(
  "xcom.list",
  `select ${xcomFacts}, case when x.size <= $4 then x.value end as "value" from xcom x
  where x.run_key = $1 and x.task_id = any($2) and x.key = $3 order by x.task_id, x.map_index`,
);

/** Sizes are integers of 32 bits. */
const largestSize = 2 ** 31 - 1;

export const listXComs =
  (sql: Sql): Tx["listXComs"] =>
  (runKey, { taskIds, key, maxBytes = Number.POSITIVE_INFINITY }) =>
    // No limit is told as Infinity, which the column's type does not have.
    sql.all<XComRow>(list, [runKey, arrayOf(taskIds), key, Math.min(maxBytes, largestSize)]);

const place = (alias: string): string =>
  `${alias}.run_key = $1 and ${alias}.task_id = $2 and ${alias}.map_index = $3 and ${alias}.key = $4`;

const find = statement("xcom.find", `select ${xcomFacts}, x.value from xcom x where ${place("x")}`);

export const findXCom =
  (sql: Sql): Tx["findXCom"] =>
  ({ runKey, taskId, mapIndex, key }) =>
    sql.first<XComRow>(find, [runKey, taskId, mapIndex, key]);

const listElements = statement(
  "xcom_element.list",
  `select e.value from xcom_element e where ${place("e")} order by e.index`,
);
const findElement = statement(
  "xcom_element.find",
  `select e.value from xcom_element e where ${place("e")} and e.index = $5`,
);

export const listXComElements =
  (sql: Sql): Tx["listXComElements"] =>
  async ({ runKey, taskId, mapIndex, key, index }) => {
    const at = [runKey, taskId, mapIndex, key];
    const rows = await (index === undefined
      ? sql.all<{ readonly value: Uint8Array }>(listElements, at)
      : sql.all<{ readonly value: Uint8Array }>(findElement, [...at, index]));
    return rows.map((row) => row.value);
  };

const ofInstances = "unnest($2::text[], $3::int[]) as i (task_id, map_index)";
const sameInstance = (alias: string): string =>
  `${alias}.run_key = $1 and ${alias}.task_id = i.task_id and ${alias}.map_index = i.map_index`;

const deleteSome = statement(
  "xcom.delete_of_instances",
  `with elements as (delete from xcom_element e using ${ofInstances} where ${sameInstance("e")})
  delete from xcom x using ${ofInstances} where ${sameInstance("x")}`,
);

export const deleteXComs =
  (sql: Sql): Tx["deleteXComs"] =>
  async (runKey, instances) => {
    const columns = columnsOf(instances, [(instance) => instance.taskId, (instance) => instance.mapIndex]);
    await sql.run(deleteSome, [runKey, ...columns]);
  };

const deleteOne = statement(
  "xcom.delete",
  `with elements as (delete from xcom_element e where ${place("e")}) delete from xcom x where ${place("x")}`,
);

export const deleteXCom =
  (sql: Sql): Tx["deleteXCom"] =>
  async ({ runKey, taskId, mapIndex, key }) =>
    (await sql.run(deleteOne, [runKey, taskId, mapIndex, key])) > 0;
