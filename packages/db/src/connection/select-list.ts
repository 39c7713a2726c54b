/** The column of a field. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Columns as the fields of a row type: `selectList("r", ["runId"])` is `r.run_id as "runId"`. The renaming happens in
 * PostgreSQL once per statement, not here once per row.
 */
export const selectList = (alias: string, fields: readonly string[]): string =>
  fields.map((field) => `${alias}.${snakeCase(field)} as "${field}"`).join(", ");

/** The fields of `Row`, each once: a field that is forgotten does not compile. */
export const fieldsOf =
  <Row>() =>
  <const Fields extends readonly (keyof Row & string)[]>(
    fields: [keyof Row] extends [Fields[number]]
      ? Fields
      : readonly [`missing: ${Exclude<keyof Row & string, Fields[number]>}`],
  ): readonly string[] =>
    fields;
