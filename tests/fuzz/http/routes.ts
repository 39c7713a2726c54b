/** A keyword-valued object of JSON Schema, read field by field. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | false;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

export interface FuzzRoute {
  /** `GET /api/v2/dags/{dag_id}` */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly permission: string | null;
  readonly pathParameters: Readonly<Record<string, JsonSchema>>;
  readonly queryParameters: Readonly<Record<string, JsonSchema>>;
  readonly requiredQuery: readonly string[];
  readonly body: JsonSchema | null;
  /** What a success looks like, where the document says so. */
  readonly answer: JsonSchema | null;
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: JsonSchema;
}
type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
  readonly "x-permission"?: string;
}
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The routes of an OpenAPI document, in its order. */
export const routesOf = ({ paths }: OpenApiDocument): readonly FuzzRoute[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => routeOf(method.toUpperCase(), path, operation)),
  );

function routeOf(method: string, path: string, operation: Operation): FuzzRoute {
  const parameters = operation.parameters ?? [];
  const named = (where: Parameter["in"]) =>
    Object.fromEntries(parameters.filter((one) => one.in === where).map((one) => [one.name, one.schema]));
  const success = Object.entries(operation.responses).find(([status]) => status.startsWith("2"))?.[1];
  return {
    key: `${method} ${path}`,
    method,
    path,
    permission: operation["x-permission"] ?? null,
    pathParameters: named("path"),
    queryParameters: named("query"),
    requiredQuery: parameters.filter((one) => one.in === "query" && one.required).map((one) => one.name),
    body: schemaIn(operation.requestBody?.content),
    answer: schemaIn(success?.content),
  };
}

const schemaIn = (content: Content | undefined): JsonSchema | null => content?.["application/json"]?.schema ?? null;
