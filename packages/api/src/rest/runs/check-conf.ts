import { AirloomError, type DagSpec, type Json, type JsonObject } from "@airloom/core";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Compiled checks by schema; Specs are kept by their version, so a schema is one object while it is in use. */
const compiled = new WeakMap<object, ValidateFunction | null>();

/**
 * Params as a run would have them, checked against the Dag's JSON Schema.
 * @throws VALIDATION naming the param
 */
export function checkConf({ dagId, params }: DagSpec, conf: JsonObject): void {
  const check = checkOf(params.schema);
  if (!check || check({ ...params.defaults, ...conf })) return;
  const [problem] = check.errors ?? [];
  if (!problem) return;
  if (problem.keyword === "required")
    throw refused(dagId, `param "${namedIn(problem.params)}" is missing and has no default`);
  const name = problem.instancePath.slice(1).replaceAll("/", ".") || namedIn(problem.params);
  const what = name ? `param "${name}"` : "it";
  throw refused(dagId, `${what} ${problem.message ?? "is not valid"}${choices(problem.params)}`);
}

const refused = (dagId: string, reason: string): AirloomError =>
  new AirloomError("VALIDATION", { reason: `Dag "${dagId}" refuses conf: ${reason}.` });

/** The param that is missing, or that should not be there. */
const namedIn = (params: Readonly<Record<string, unknown>>): string =>
  String(params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty ?? "");

/** ": eu, us" for a param that is one of a list; the validator's words do not say which. */
const choices = ({ allowedValues }: Readonly<Record<string, unknown>>): string =>
  Array.isArray(allowedValues) ? `: ${allowedValues.slice(0, 20).map(String).join(", ")}` : "";

function checkOf(schema: Json): ValidateFunction | null {
  if (typeof schema !== "object" || schema === null) return null;
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  // Without the check against the schema of schemas, which takes 2 ms: what a schema means wrongly, compiling it says.
  const ajv = new Ajv2020({
    strict: false,
    allErrors: false,
    validateFormats: true,
    validateSchema: false,
    logger: false,
  });
  addFormats.default(ajv);
  let check: ValidateFunction | null = null;
  try {
    check = ajv.compile(schema);
  } catch (cause) {
    throw new AirloomError(
      "VALIDATION",
      { reason: `The Dag's own schema of params cannot be used: ${cause instanceof Error ? cause.message : cause}.` },
      { cause },
    );
  }
  compiled.set(schema, check);
  return check;
}
