import { runCommand } from "./run-command.ts";

// A reader that closes early (`airloom dags list | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const code = await runCommand(process.env, process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
