import type { Command } from "commander";
import type { Environment } from "../context.ts";
import { renderTable } from "../output/table.ts";
import { version } from "../version.ts";
import { commandLines } from "./command-lines.ts";
import { locally } from "./invocation.ts";

/** `version`, `info`, `cheat-sheet`: about this installation. */
export function addInfoCommands(program: Command, environment: Environment): void {
  program
    .command("version")
    .description("print the version")
    .action(() => {
      process.stdout.write(`${version}\n`);
    });
  locally(
    program.command("info").description("show what runs here and where it keeps its things"),
    environment,
    async ({ context, print }) => {
      const { config, home } = context;
      const { readRunFile } = await import("../home/run-file.ts");
      const running = readRunFile(home);
      print.fields({
        version,
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        home: home.dir,
        project: home.project,
        dags_folder: config.core.dagsFolder,
        database: config.database.url ? "a server of your own (AIRLOOM__DATABASE__URL)" : "embedded",
        server: running ? `${running.url} (${running.command}, process ${running.pid})` : null,
      });
    },
  );
  program
    .command("cheat-sheet")
    .description("list every command in a line")
    .action(() => {
      const columns = [
        { title: "COMMAND", text: (line: { usage: string }) => line.usage },
        { title: "WHAT IT DOES", text: (line: { description: string }) => line.description },
      ];
      process.stdout.write(renderTable<{ usage: string; description: string }>(columns, commandLines(program)));
    });
}
