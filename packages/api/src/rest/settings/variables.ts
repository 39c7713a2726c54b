import { AirloomError, type Json } from "@airloom/core";
import type { SecretRow, Tx, VariableField } from "@airloom/store";
import { z } from "zod";
import type { ApiDeps } from "../../api-deps.ts";
import { listOf, repeated } from "../../http/list-query.ts";
import { type AnyRoute, route } from "../../http/route.ts";
import { masked, maskText } from "../../secrets/mask.ts";
import { variablePlace } from "../../secrets/resolve.ts";
import { record } from "../audit.ts";
import { checkMask } from "../dags/pause.ts";
import { bulkBody, runBulk } from "./bulk.ts";
import { pageOf, variableAnswer } from "./settings-answers.ts";

const key = z.string().min(1).max(250);
const keyPath = z.object({ variable_key: key });
const variableBody = z.strictObject({
  key,
  value: z.json(),
  description: z.string().max(10_000).nullish(),
  team_name: z.null("There are no teams: leave it out").optional(),
});
type VariableBody = z.output<typeof variableBody>;

const variableList = listOf<VariableField>({
  orderBy: { id: "key", key: "key", description: "description" },
  text: { variable_key: "key" },
});

/** Variables: kept encrypted, shown unless their name says that they are secret. */
export const variableRoutes = (deps: ApiDeps): readonly AnyRoute[] => [...manyRoutes(deps), ...oneRoutes(deps)];

const manyRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/variables",
    summary: "Get Variables",
    answer: pageOf("variables", variableAnswer),
    can: "manage variables and connections",
    query: variableList.query,
    handle: async ({ query }) => {
      const { rows, total } = await deps.reads.listVariables(variableList.toQuery(query));
      return { variables: rows.map((row) => variableShape(deps, row)), total_entries: total };
    },
  }),
  route({
    method: "POST",
    path: "/api/v2/variables",
    summary: "Post Variable",
    answer: variableAnswer,
    can: "manage variables and connections",
    status: 201,
    body: variableBody,
    handle: ({ body, actor }) =>
      deps.store.tx(async (tx) => {
        await createVariable(tx, deps, body);
        await record(tx, actor, { event: "post_variable", detail: { key: body.key, fields: Object.keys(body) } });
        return found(tx, deps, body.key);
      }),
  }),
  route({
    method: "PATCH",
    path: "/api/v2/variables",
    summary: "Bulk Variables",
    can: "manage variables and connections",
    body: bulkBody(variableBody),
    handle: ({ body, actor }) =>
      deps.store.tx(async (tx) => {
        await record(tx, actor, {
          event: "bulk_variables",
          detail: { actions: body.actions.map((one) => one.action) },
        });
        return runBulk(body.actions, bulkVariables(tx, deps));
      }),
  }),
];

const oneRoutes = (deps: ApiDeps): readonly AnyRoute[] => [
  route({
    method: "GET",
    path: "/api/v2/variables/{variable_key}",
    summary: "Get Variable",
    answer: variableAnswer,
    can: "manage variables and connections",
    params: keyPath,
    handle: ({ params }) => deps.store.tx((tx) => found(tx, deps, params.variable_key)),
  }),
  route({
    method: "PATCH",
    path: "/api/v2/variables/{variable_key}",
    summary: "Patch Variable",
    answer: variableAnswer,
    can: "manage variables and connections",
    params: keyPath,
    query: z.object({ update_mask: repeated(z.string().max(250)) }),
    body: variableBody.partial({ key: true, value: true }),
    handle: ({ params: { variable_key }, query, body, actor }) =>
      deps.store.tx(async (tx) => {
        await changeVariable(tx, deps, { key: variable_key, body, mask: query.update_mask });
        await record(tx, actor, { event: "patch_variable", detail: { key: variable_key, fields: Object.keys(body) } });
        return found(tx, deps, variable_key);
      }),
  }),
  route({
    method: "DELETE",
    path: "/api/v2/variables/{variable_key}",
    summary: "Delete Variable",
    can: "manage variables and connections",
    status: 204,
    params: keyPath,
    handle: ({ params: { variable_key }, actor }) =>
      deps.store.tx(async (tx) => {
        if (!(await tx.deleteVariable(variable_key))) throw missing(variable_key);
        await record(tx, actor, { event: "delete_variable", detail: { key: variable_key } });
      }),
  }),
];

const missing = (name: string) => new AirloomError("NOT_FOUND", { what: `Variable "${name}"` });

/** Text as it is, everything else as JSON: what a task reads is text either way. */
const textOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

async function found(tx: Tx, deps: ApiDeps, name: string) {
  const [row] = await tx.findVariables([name]);
  if (!row) throw missing(name);
  return variableShape(deps, row);
}

const variableShape = ({ secrets }: ApiDeps, row: SecretRow) => ({
  key: row.key,
  value: maskText(secrets.decrypt(row.value, variablePlace(row.key)), row.key),
  description: row.description,
  is_encrypted: true,
  team_name: null,
});

async function createVariable(tx: Tx, deps: ApiDeps, body: VariableBody): Promise<void> {
  if ((await tx.findVariables([body.key])).length > 0)
    throw new AirloomError("CONFLICT", { reason: `There is already a variable "${body.key}".` });
  await put(tx, deps, { key: body.key, text: textOf(body.value), description: body.description ?? null });
}

interface VariableChange {
  readonly key: string;
  readonly body: { readonly [Field in keyof VariableBody]?: VariableBody[Field] | undefined };
  readonly mask?: readonly string[] | undefined;
}

async function changeVariable(tx: Tx, deps: ApiDeps, { key: name, body, mask }: VariableChange): Promise<void> {
  checkMask(mask, ["key", "value", "description", "team_name"]);
  if (body.key !== undefined && body.key !== name)
    throw new AirloomError("BAD_REQUEST", {
      reason: `The body names variable "${body.key}", the path "${name}": variables keep their name.`,
    });
  const [row] = await tx.findVariables([name]);
  if (!row) throw missing(name);
  const wanted = (field: "value" | "description") => body[field] !== undefined && (!mask || mask.includes(field));
  const known = deps.secrets.decrypt(row.value, variablePlace(name));
  const changed = wanted("value") ? textOf(body.value ?? null) : known;
  await put(tx, deps, {
    key: name,
    text: changed === masked ? known : changed,
    description: wanted("description") ? (body.description ?? null) : row.description,
  });
}

const put = (
  tx: Tx,
  { secrets }: ApiDeps,
  {
    key: name,
    text,
    description,
  }: { readonly key: string; readonly text: string; readonly description: string | null },
): Promise<void> => tx.putVariable({ key: name, value: secrets.encrypt(text, variablePlace(name)), description });

const bulkVariables = (tx: Tx, deps: ApiDeps) => ({
  noun: "variable",
  keyOf: (variable: VariableBody) => variable.key,
  exists: async (name: string) => (await tx.findVariables([name])).length > 0,
  create: (variable: VariableBody) => createVariable(tx, deps, variable),
  update: (variable: VariableBody, mask: readonly string[] | undefined) =>
    changeVariable(tx, deps, { key: variable.key, body: variable, mask }),
  remove: async (name: string) => {
    await tx.deleteVariable(name);
  },
});
