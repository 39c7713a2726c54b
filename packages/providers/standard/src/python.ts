import { fileURLToPath } from "node:url";
import {
  context,
  type OperatorOptions,
  operator,
  type Ref,
  type Schema,
  type SchemaOutput,
  toJsonView,
  type Value,
} from "@airloom/sdk";
import { processEnvironment } from "./process-environment.ts";
import { ProcessError } from "./process-failure.ts";
import { pythonBootstrap } from "./python-bootstrap.ts";
import { type ProcessEnd, runProcess } from "./run-process.ts";
import { inWorkFolder } from "./work-folder.ts";

/** Parameters of `python` that are computed for each attempt. */
export interface PythonFields {
  /** Handed over as JSON: Dates become ISO text, BigInts decimal text, Maps objects, Sets and typed arrays lists. */
  readonly input?: unknown;
  /** Command line arguments, `sys.argv[1:]`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, unknown>>;
  /** Default: a fresh folder that is removed afterwards. */
  readonly cwd?: string;
}

/** What `python` runs, and with what. */
export interface PythonCode {
  /** A Python file: a URL (`new URL("./train.py", import.meta.url)`, shipped with the Dag) or a path on the worker. */
  readonly script?: string | URL;
  /** A module by its dotted name, instead of a script. */
  readonly module?: string;
  /** Function to call with the input; what it returns is the value. Without it the code runs as `__main__`, reads the input from stdin as JSON, and writes the value as JSON to the file descriptor in `AIRLOOM_OUTPUT_FD`. */
  readonly function?: string;
  /** The interpreter. Default "python3". */
  readonly python?: string;
  /** Seconds from SIGTERM to SIGKILL when the task is stopped. Default 5. */
  readonly graceSeconds?: number;
}

export type PythonOptions<S extends Schema> = PythonCode &
  Omit<OperatorOptions<PythonFields>, "output" | "input"> & {
    readonly input?: Value<unknown>;
    /** Checks the value, and gives it its type. */
    readonly output?: S;
  };

const longestResult = 64 * 1024 * 1024;

/**
 * Runs Python 3 code: JSON in, JSON out, what it prints is the log.
 * @throws AirloomError DAG_INVALID
 * @example
 * // train.py:  def train(data): return {"loss": 0.1}
 * const model = python("train", {
 *   script: new URL("./train.py", import.meta.url), function: "train",
 *   input: { rows }, output: z.object({ loss: z.number() }),
 * });
 */
export function python<S extends Schema = Schema>(id: string, options: PythonOptions<S>): Ref<SchemaOutput<S>> {
  const { script, module, function: name, python: interpreter, graceSeconds, ...rest } = options;
  const code: PythonCode = {
    ...(script !== undefined && { script }),
    ...(module !== undefined && { module }),
    ...(name !== undefined && { function: name }),
    ...(interpreter !== undefined && { python: interpreter }),
    ...(graceSeconds !== undefined && { graceSeconds }),
  };
  // The code stays out of the parameters: where it lies differs between the machine that parses and the one that runs.
  const make = operator("python", (fields: PythonFields): Promise<unknown> => runPython(code, fields));
  return make(id, rest as unknown as OperatorOptions<PythonFields>) as Ref<SchemaOutput<S>>;
}

async function runPython(code: PythonCode, fields: PythonFields): Promise<unknown> {
  const current = context();
  const job = { ...target(code), function: code.function ?? null, args: fields.args ?? [] };
  const command = code.python ?? "python3";
  return inWorkFolder(async (folder) => {
    const end = await runProcess({
      command,
      args: ["-c", pythonBootstrap],
      cwd: fields.cwd ?? folder,
      env: {
        PYTHONUNBUFFERED: "1",
        PYTHONUTF8: "1",
        ...processEnvironment(current, fields.env),
        AIRLOOM_PYTHON: JSON.stringify(job),
        AIRLOOM_OUTPUT_FD: "3",
      },
      input: JSON.stringify(toJsonView(fields.input ?? null)),
      resultBytes: longestResult,
      signal: current.signal,
      graceMs: (code.graceSeconds ?? 5) * 1_000,
      onLine: current.log.output,
    });
    if (end.exitCode !== 0) throw new ProcessError(command, end);
    return resultOf(end, code);
  });
}

function target({ script, module }: PythonCode): { readonly kind: "script" | "module"; readonly target: string } {
  if (script !== undefined && module === undefined) {
    return { kind: "script", target: script instanceof URL ? fileURLToPath(script) : script };
  }
  if (module !== undefined && script === undefined) return { kind: "module", target: module };
  throw new Error("python() needs either `script` or `module`.");
}

function resultOf({ result }: ProcessEnd, code: PythonCode): unknown {
  if (result === "" && code.function === undefined) return undefined;
  try {
    return JSON.parse(result);
  } catch (cause) {
    const start = result.slice(0, 100);
    throw new Error(`What the Python code wrote as its result is not JSON: ${JSON.stringify(start)}…`, { cause });
  }
}
