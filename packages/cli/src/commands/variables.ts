import { writeFileSync } from "node:fs";
import { AirloomError } from "@airloom/core";
import { type Command, Option } from "commander";
import type { ApiClient } from "../client/api-client.ts";
import { segment, type VariableEntity } from "../client/entities.ts";
import { listAll } from "../client/pages.ts";
import { about } from "../client/unknown-id.ts";
import type { Environment } from "../context.ts";
import type { Column } from "../output/table.ts";
import { readJsonFile } from "./arguments.ts";
import { createOrUpdate } from "./create-or-update.ts";
import { overApi } from "./invocation.ts";

const variablePath = (key: string): string => `/api/v2/variables/${segment(key)}`;

const listVariables = (api: ApiClient): Promise<readonly VariableEntity[]> =>
  listAll<VariableEntity>(api, { path: "/api/v2/variables", items: "variables", query: { order_by: "key" } });

interface VariableBody {
  readonly key: string;
  readonly value: string;
  readonly description: string | null;
}

const putVariable = (api: ApiClient, body: VariableBody): Promise<"created" | "updated"> =>
  createOrUpdate({
    update: () => api.call({ method: "PATCH", path: variablePath(body.key), body }),
    create: () => api.call({ method: "POST", path: "/api/v2/variables", body }),
  });

/** `airloom variables …`: values that Dags read by key. */
export function addVariablesCommands(program: Command, environment: Environment): void {
  const variables = program.command("variables").description("values that tasks read by key, kept encrypted");
  addReading(variables, environment);
  addWriting(variables, environment);
  addFiles(variables, environment);
}

function addReading(variables: Command, environment: Environment): void {
  overApi<{ showValues?: true }>(
    variables.command("list").description("list keys").option("--show-values", "print the values too"),
    environment,
    async ({ api, print, flags }) => {
      const columns: Column<Partial<VariableEntity>>[] = [
        { title: "KEY", text: ({ key }) => key ?? "-" },
        ...(flags.showValues ? [{ title: "VALUE", text: ({ value }: Partial<VariableEntity>) => value ?? "-" }] : []),
        { title: "DESCRIPTION", text: ({ description }) => description ?? "-" },
      ];
      const found = await listVariables(api);
      const rows = flags.showValues ? found : found.map(({ key, description }) => ({ key, description }));
      print.rows(columns, rows, "There are no variables.");
    },
  );
  overApi<{ json?: true; default?: string }, [key: string]>(
    variables
      .command("get")
      .description("print a value; exit code 1 when nobody set it")
      .argument("<key>")
      .option("-d, --default <value>", "what to print when nobody set it"),
    environment,
    async ({ api, print, flags, args: [key] }) => {
      const found = await currentValue(api, key, flags.default);
      print.done(found, print.forPeople ? found : parsedOrText(found));
    },
  );
}

async function currentValue(api: ApiClient, key: string, fallback: string | undefined): Promise<string> {
  try {
    const found = await about({ api, ids: { variable: key } }, () =>
      api.call<VariableEntity>({ path: variablePath(key) }),
    );
    return found.value ?? "";
  } catch (error) {
    if (fallback !== undefined && error instanceof AirloomError && error.code === "CLI_UNKNOWN_ID") return fallback;
    throw error;
  }
}

/** With `--json`, a value that is JSON itself is printed as such. */
function parsedOrText(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function addWriting(variables: Command, environment: Environment): void {
  overApi<{ description?: string }, [key: string, value: string | undefined]>(
    variables
      .command("set")
      .description("set a value")
      .argument("<key>")
      .argument("[value]", "left out: read from standard input, so that it stays out of the shell's history")
      .option("--description <text>", "what it is for"),
    environment,
    async ({ api, print, flags, args: [key, value] }) => {
      const text = value ?? (await (await import("./standard-input.ts")).readStandardInput("the value"));
      const what = await putVariable(api, { key, value: text, description: flags.description ?? null });
      print.done(`Variable "${key}" ${what}.`, { [what]: key });
    },
  );
  overApi<object, [key: string]>(
    variables.command("delete").description("delete a variable").argument("<key>"),
    environment,
    async ({ api, print, args: [key] }) => {
      await about({ api, ids: { variable: key } }, () => api.call({ method: "DELETE", path: variablePath(key) }));
      print.done(`Variable "${key}" deleted.`, { deleted: key });
    },
  );
}

type OnExisting = "overwrite" | "fail" | "skip";

function addFiles(variables: Command, environment: Environment): void {
  overApi<{ actionOnExistingKey: OnExisting }, [file: string]>(
    variables
      .command("import")
      .description("set the variables of a JSON file")
      .argument("<file>", "an object of values, or of { value, description }; - = standard input")
      .addOption(
        new Option("-a, --action-on-existing-key <action>", "what to do with keys that exist")
          .choices(["overwrite", "fail", "skip"])
          .default("overwrite"),
      ),
    environment,
    async ({ api, print, flags, args: [file] }) => {
      const bodies = Object.entries(readJsonFile(file)).map(([key, value]) => variableBody(key, value));
      const known = new Set((await listVariables(api)).map(({ key }) => key));
      const clash = bodies.find(({ key }) => known.has(key));
      if (flags.actionOnExistingKey === "fail" && clash)
        throw new AirloomError("CONFLICT", { reason: `Variable "${clash.key}" exists; nothing was imported.` });
      const wanted = bodies.filter(({ key }) => flags.actionOnExistingKey !== "skip" || !known.has(key));
      for (const body of wanted) await putVariable(api, body);
      const skipped = bodies.length - wanted.length;
      print.done(`${wanted.length} variables imported${skipped > 0 ? `, ${skipped} skipped` : ""}.`, {
        imported: wanted.map(({ key }) => key),
        skipped,
      });
    },
  );
  overApi<object, [file: string]>(
    variables
      .command("export")
      .description("write all variables to a JSON file")
      .argument("<file>", "- = standard output"),
    environment,
    async ({ api, print, args: [file] }) => {
      const found = await listVariables(api);
      const entries = found.map(({ key, value, description }) => [key, description ? { value, description } : value]);
      const text = `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
      if (file === "-") return print.raw(text);
      writeFileSync(file, text, { mode: 0o600 });
      print.done(`${found.length} variables written to ${file}.`, { exported: found.length, file });
    },
  );
}

/** An object with `value` is a described variable; any other JSON is the value, texts as they are. */
function variableBody(key: string, given: unknown): VariableBody {
  const described = typeof given === "object" && given !== null && "value" in given;
  const { value, description } = described
    ? (given as { value: unknown; description?: unknown })
    : { value: given, description: null };
  if (value === "***")
    throw new AirloomError("CLI_USAGE", {
      reason: `Variable "${key}" is masked in the file ("***"): put its value there, or take it out.`,
    });
  return {
    key,
    value: typeof value === "string" ? value : JSON.stringify(value),
    description: typeof description === "string" ? description : null,
  };
}
