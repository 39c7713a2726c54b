/** Operators that come with Airloom: `import { bash } from "airloom/operators"`. */

export { type SqlFields, type SqlOptions, sql } from "@airloom/provider-postgres";
export {
  type BashFields,
  bash,
  type PythonCode,
  type PythonFields,
  type PythonOptions,
  python,
} from "@airloom/provider-standard";
export { operator } from "@airloom/sdk";
