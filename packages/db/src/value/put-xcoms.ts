import type { NewXCom, Tx } from "@airloom/store";
import { arrayOf, columnsOf } from "../connection/array-literal.ts";
import { clockOnce, type Sql, statement } from "../connection/sql.ts";

/**
 * Bytes travel as one binary parameter that is cut apart here: an array of them would be sent as hexadecimal text, twice the size.
 * $1 … $4 the places, $5 offsets and $6 sizes in $9 (-1 = elements stand apart), $7 lengths, $8 sizes as told.
 */
const put = statement(
  "xcom.put",
  `with ${clockOnce}
  insert into xcom (run_key, task_id, map_index, key, value, size, length, updated_at)
  select x.run_key, x.task_id, x.map_index, x.key,
    case when x.bytes >= 0 then substr($9::bytea, x.start, x.bytes) end, x.size, x.length, clock.now
  from unnest($1::bigint[], $2::text[], $3::int[], $4::text[], $5::int[], $6::int[], $7::int[], $8::int[])
    as x (run_key, task_id, map_index, key, start, bytes, length, size), clock
  order by 1, 2, 3, 4
  on conflict (run_key, task_id, map_index, key) do update set value = excluded.value, size = excluded.size,
    length = excluded.length, updated_at = excluded.updated_at`,
);

const deleteElements = statement(
  "xcom_element.delete",
  `delete from xcom_element e using unnest($1::bigint[], $2::text[], $3::int[], $4::text[]) as x (run_key, task_id, map_index, key)
  where e.run_key = x.run_key and e.task_id = x.task_id and e.map_index = x.map_index and e.key = x.key`,
);

const putElements = statement(
  "xcom_element.put",
  `insert into xcom_element (run_key, task_id, map_index, key, index, value)
  select $1, $2, $3, $4, e.n - 1, substr($7::bytea, e.start, e.bytes)
  from unnest($5::int[], $6::int[]) with ordinality as e (start, bytes, n)`,
);

/** Where each value starts in all of them joined; PostgreSQL counts from 1. */
function join(values: readonly (Uint8Array | null)[]) {
  const starts: number[] = [];
  let end = 1;
  for (const value of values) {
    starts.push(end);
    end += value?.byteLength ?? 0;
  }
  return {
    starts,
    sizes: values.map((value) => value?.byteLength ?? -1),
    bytes: Buffer.concat(values.filter((value) => value !== null)),
  };
}

const sizeOf = ({ value, elements }: NewXCom): number =>
  elements ? elements.reduce((sum, element) => sum + element.byteLength, 0) : (value?.byteLength ?? 0);

const placesOf = (xcoms: readonly NewXCom[]): string[] =>
  columnsOf(xcoms, [(x) => x.runKey, (x) => x.taskId, (x) => x.mapIndex, (x) => x.key]);

export const putXComs =
  (sql: Sql): Tx["putXComs"] =>
  async (xcoms) => {
    if (xcoms.length === 0) return;
    const { starts, sizes, bytes } = join(xcoms.map((xcom) => (xcom.elements ? null : xcom.value)));
    const places = placesOf(xcoms);
    const lengths = [arrayOf(xcoms.map((xcom) => xcom.length)), arrayOf(xcoms.map(sizeOf))];
    await Promise.all([
      // The values first: their rows are what two writers of the same place wait for.
      sql.run(put, [...places, arrayOf(starts), arrayOf(sizes), ...lengths, bytes]),
      sql.run(deleteElements, places),
      ...xcoms.map((xcom) => insertElements(sql, xcom)),
    ]);
  };

async function insertElements(sql: Sql, { runKey, taskId, mapIndex, key, elements }: NewXCom): Promise<void> {
  if (!elements || elements.length === 0) return;
  const { starts, sizes, bytes } = join(elements);
  await sql.run(putElements, [runKey, taskId, mapIndex, key, arrayOf(starts), arrayOf(sizes), bytes]);
}
