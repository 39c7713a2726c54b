import { runCommand } from "@airloom/cli/run-command";
import type { World } from "../world.ts";
import type { Ended } from "./judge-ended.ts";

/**
 * Runs a command inside this process: the command's own code, its output caught. A real process differs in its start and its
 * streams alone; a sample of the lines runs in real ones.
 */
export async function runInProcess({ project }: World, args: readonly string[]): Promise<Ended> {
  const start = performance.now();
  const [folder, exitCode] = [process.cwd(), process.exitCode];
  const caught = { out: catching(process.stdout), err: catching(process.stderr) };
  process.chdir(project.dir);
  process.exitCode = undefined;
  try {
    const code = await runCommand(
      { PATH: process.env.PATH, HOME: project.dir, NO_COLOR: "1", ...project.environment },
      args,
    );
    return ended(code ?? process.exitCode ?? 0);
  } catch (error) {
    return {
      ...ended(null),
      err: `${caught.err.text()}\nthrown: ${error instanceof Error ? error.stack : String(error)}`,
    };
  } finally {
    process.chdir(folder);
    process.exitCode = exitCode;
    caught.out.letGo();
    caught.err.letGo();
  }

  function ended(code: string | number | null): Ended {
    const milliseconds = performance.now() - start;
    return { code: code === null ? null : Number(code), out: caught.out.text(), err: caught.err.text(), milliseconds };
  }
}

function catching(stream: NodeJS.WriteStream) {
  const write = stream.write;
  let text = "";
  stream.write = ((chunk: string | Uint8Array): boolean => {
    text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    return true;
  }) as typeof stream.write;
  return {
    text: () => text,
    letGo: () => {
      stream.write = write;
    },
  };
}
