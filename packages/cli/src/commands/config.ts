import { AirloomError } from "@airloom/core";
import type { Command } from "commander";
import { type Config, type ConfigSource, environmentName, type Option, options } from "../config/options.ts";
import type { CommandContext, Environment } from "../context.ts";
import { closest } from "../output/closest.ts";
import { fieldText } from "../output/printer.ts";
import type { Column } from "../output/table.ts";
import { locally } from "./invocation.ts";

/** One option as this command line would use it. */
interface OptionLine {
  readonly section: string;
  readonly key: string;
  readonly value: unknown;
  readonly source: ConfigSource;
  readonly default: unknown;
  readonly reason: string;
  readonly environment: string;
}

const columns: readonly Column<OptionLine>[] = [
  { title: "OPTION", text: ({ section, key }) => `${section}.${key}` },
  { title: "VALUE", text: ({ value }) => fieldText(value) },
  { title: "FROM", text: ({ source }) => source },
];

const defaultColumns: readonly Column<OptionLine>[] = [
  ...columns,
  { title: "DEFAULT", text: (line) => fieldText(line.default) },
  { title: "WHY", text: ({ reason }) => reason },
];

/** `airloom config …`: every option, its value, and where it comes from. Secrets are never printed. */
export function addConfigCommands(program: Command, environment: Environment): void {
  const config = program.command("config").description("options: their values, and where each comes from");
  locally<{ defaults?: true; section?: string }>(
    config
      .command("list")
      .description("list options")
      .option("-d, --defaults", "print defaults and their reasons too")
      .option("--section <name>", "options of this section only"),
    environment,
    async ({ context, print, flags }) => {
      const lines = optionLines(context);
      const sections = [...new Set(lines.map(({ section }) => section))];
      if (flags.section !== undefined && !sections.includes(flags.section))
        throw new AirloomError("CLI_UNKNOWN_ID", {
          noun: "section",
          id: flags.section,
          meant: closest(flags.section, sections),
          none: false,
        });
      const wanted = lines.filter(({ section }) => flags.section === undefined || section === flags.section);
      print.rows(flags.defaults ? defaultColumns : columns, wanted, "");
    },
  );
  locally<object, [section: string, key: string]>(
    config
      .command("get-value")
      .description("print the value of one option")
      .argument("<section>", "such as core, or dag_processor")
      .argument("<key>", "such as dagsFolder, or dags_folder"),
    environment,
    async ({ context, print, args: [section, key] }) => {
      const wanted = environmentName(section, key);
      const lines = optionLines(context);
      const line = lines.find((one) => one.environment === wanted);
      if (!line) {
        const meant = closest(
          `${section}.${key}`,
          lines.map((one) => `${one.section}.${one.key}`),
        );
        throw new AirloomError("CLI_UNKNOWN_ID", { noun: "option", id: `${section}.${key}`, meant, none: false });
      }
      print.done(typeof line.value === "string" ? line.value : JSON.stringify(line.value), line.value);
    },
  );
}

function optionLines({ config, sources }: CommandContext): readonly OptionLine[] {
  return Object.entries(options).flatMap(([section, keys]) =>
    Object.entries(keys as Readonly<Record<string, Option<unknown>>>).map(([key, option]) => {
      const value = (config[section as keyof Config] as Readonly<Record<string, unknown>>)[key];
      return {
        section,
        key,
        value: option.secret && value !== "" ? "***" : value,
        source: sources.get(`${section}.${key}`) ?? "default",
        default: option.default,
        reason: option.reason,
        environment: environmentName(section, key),
      };
    }),
  );
}
