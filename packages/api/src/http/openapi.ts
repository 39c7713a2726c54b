import { z } from "zod";
import type { AnyRoute } from "./route.ts";

interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** The description of the API, made from the table of routes that serves it. */
export function openApi(routes: readonly AnyRoute[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const one of routes) {
    const path = paths[one.path] ?? {};
    path[one.method.toLowerCase()] = operation(one);
    paths[one.path] = path;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Airloom API",
      version,
      description:
        "Paths under /api/v2 have the names and shapes of Airflow 3's REST API; those under /api/airloom are Airloom's own.",
    },
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: { Error: errorSchema },
    },
  };
}

const errorSchema = {
  type: "object",
  properties: { detail: { anyOf: [{ type: "string" }, { type: "array", items: { type: "object" } }] } },
  required: ["detail"],
};

function operation(one: AnyRoute) {
  const status = one.status ?? 200;
  const failure = (description: string) => ({
    description,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
  });
  return {
    operationId: operationId(one),
    summary: one.summary,
    tags: [tagOf(one.path)],
    ...(one.can === "anyone" ? { security: [] } : { security: [{ token: [] }], "x-permission": one.can }),
    parameters: [...parametersOf("path", one.params), ...parametersOf("query", one.query)],
    ...(one.body
      ? { requestBody: { required: true, content: { "application/json": { schema: jsonSchema(one.body) } } } }
      : {}),
    responses: {
      [status]:
        status === 204
          ? { description: "Done" }
          : { description: "Answer", content: { "application/json": answerOf(one.answer) } },
      ...(one.can === "anyone" ? {} : { 401: failure("Not logged in"), 403: failure("Not allowed") }),
      ...(one.params ? { 404: failure("Not found") } : {}),
      422: failure("Input that is not valid"),
    },
  };
}

const jsonSchema = (schema: z.ZodType): JsonSchema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return rest;
};

/** Answers have what is named, and may get more with a later version. */
const answerOf = (schema: z.ZodType | undefined): { readonly schema?: JsonSchema } => {
  if (!schema) return {};
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
  return { schema: rest };
};

function parametersOf(where: "path" | "query", schema: z.ZodType | undefined) {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    schema: property,
  }));
}

/** @example "get_dag_runs" of "Get Dag Runs"; unique through path and method where words repeat. */
const operationId = ({ method, path, summary }: AnyRoute): string =>
  `${method.toLowerCase()}_${
    path
      .replace(/^\/(api\/v2\/|api\/)?/, "")
      .replaceAll(/[^A-Za-z0-9]+/g, "_")
      .replace(/_$/, "") || summary.toLowerCase().replaceAll(" ", "_")
  }`;

/** The resource: the last word of the path that is no parameter. */
const tagOf = (path: string): string =>
  path
    .split("/")
    .filter((part) => part !== "" && !part.startsWith("{") && !["api", "v2"].includes(part))
    .slice(0, 1)
    .join("") || "home";
