import { z } from "zod";
import type { Schema } from "../tasks/task-options.ts";
import { RunProblem } from "./failure.ts";

/** The arguments as the input schema gives them: a `z.tuple` checks all of them, any other schema the first. */
export async function checkInput(schema: Schema | null, args: readonly unknown[]): Promise<readonly unknown[]> {
  if (!schema) return args;
  const kind = { kind: "invalid_input", name: "InvalidInput", retry: false } as const;
  if (schema instanceof z.ZodTuple) return (await parse({ schema, value: args, what: "the input", kind })) as unknown[];
  return [await parse({ schema, value: args[0], what: "the input", kind }), ...args.slice(1)];
}

/** The result as the output schema gives it. Trying again may give another one. */
export const checkOutput = async (schema: Schema | null, value: unknown): Promise<unknown> =>
  schema
    ? parse({ schema, value, what: "the output", kind: { kind: "error", name: "InvalidOutput", retry: true } })
    : value;

/** The params as the Dag's schema gives them, so that transforms and coercions hold. */
export async function checkParams(schema: Schema | null, params: object): Promise<Readonly<Record<string, unknown>>> {
  if (!schema) return params as Readonly<Record<string, unknown>>;
  const kind = { kind: "invalid_input", name: "InvalidParams", retry: false } as const;
  return (await parse({ schema, value: params, what: "the run's params", kind })) as Readonly<Record<string, unknown>>;
}

interface Check {
  readonly schema: Schema;
  readonly value: unknown;
  readonly what: string;
  readonly kind: ConstructorParameters<typeof RunProblem>[1];
}

async function parse({ schema, value, what, kind }: Check): Promise<unknown> {
  const result = await schema.safeParseAsync(value);
  if (result.success) return result.data;
  throw new RunProblem(`${what} does not fit its schema: ${z.prettifyError(result.error)}`, kind);
}
