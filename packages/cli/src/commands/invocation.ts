import type { Command } from "commander";
import { Option } from "commander";
import type { ApiClient } from "../client/api-client.ts";
import { connect } from "../client/connect.ts";
import { type CommandContext, createContext, type Environment } from "../context.ts";
import { type OutputFormat, outputFormats } from "../output/output-format.ts";
import { createPrinter, type Printer } from "../output/printer.ts";

/** What the action of a command gets. It may return an exit code; nothing means 0. */
export interface LocalInvocation<Flags, Args> {
  readonly context: CommandContext;
  readonly print: Printer;
  readonly flags: Flags;
  readonly args: Args;
}

export interface ApiInvocation<Flags, Args> extends LocalInvocation<Flags, Args> {
  readonly api: ApiClient;
}

type Action<Invocation> = (invocation: Invocation) => Promise<unknown>;

interface OutputFlags {
  readonly json?: true;
  readonly output: OutputFormat;
}

/** Gives a command its action and the options of output. */
export function locally<Flags extends object = object, Args extends readonly unknown[] = []>(
  command: Command,
  environment: Environment,
  act: Action<LocalInvocation<Flags, Args>>,
): void {
  withOutput(command).action(async (...given: readonly unknown[]) => {
    const { flags, args } = read<Flags & OutputFlags, Args>(given);
    const context = createContext(environment, {}, quiet);
    setExitCode(await act({ context, flags, args, print: printerFor(flags, environment) }));
  });
}

/** Gives a command its action, the options of output, and a client of the API that is closed when it is done. */
export function overApi<Flags extends object = object, Args extends readonly unknown[] = []>(
  command: Command,
  environment: Environment,
  act: Action<ApiInvocation<Flags, Args>>,
): void {
  withOutput(command)
    .option("--server <url>", "API server to use instead of this home's")
    .action(async (...given: readonly unknown[]) => {
      const { flags, args } = read<Flags & OutputFlags & { readonly server?: string }, Args>(given);
      const context = createContext(environment, {}, quiet);
      const api = await connect(context, flags.server);
      try {
        setExitCode(await act({ api, context, flags, args, print: printerFor(flags, environment) }));
      } finally {
        await api.close();
      }
    });
}

/** Standard output belongs to the command's result: only warnings are told, and those on standard error. */
const quiet = { logging: { level: "warn" } };

const withOutput = (command: Command): Command =>
  command
    .addOption(new Option("-o, --output <format>", "how to print").choices(outputFormats).default("table"))
    .option("--json", "print JSON: the same as -o json");

/** Commander gives an action its arguments, then the options, then the command. */
function read<Flags, Args>(given: readonly unknown[]): { readonly flags: Flags; readonly args: Args } {
  const command = given[given.length - 1] as Command;
  return { flags: command.opts<object>() as Flags, args: given.slice(0, -2) as unknown as Args };
}

function printerFor({ json, output }: OutputFlags, environment: Environment): Printer {
  return createPrinter({
    format: json ? "json" : output,
    write: (text) => process.stdout.write(text),
    colour: process.stdout.isTTY === true && !environment.NO_COLOR,
  });
}

/** An interrupted command keeps the exit code of that. */
function setExitCode(code: unknown): void {
  if (typeof code === "number" && process.exitCode === undefined) process.exitCode = code;
}
