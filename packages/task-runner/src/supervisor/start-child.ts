import type { TaskProcess } from "./task-process.ts";
import { settlesWithin } from "./waiting.ts";

const startMs = 30_000;

/** Resolves when a child has loaded what all have in common. @throws Error that says why it did not. */
export async function untilReady({ ready, exited }: Pick<TaskProcess, "ready" | "exited">): Promise<void> {
  const ended = exited.then(({ error, code, signal }): string =>
    error ? error.message : `it ended by ${signal ?? `exit code ${code}`} before it was ready`,
  );
  let problem: string | null = null;
  const settled = Promise.race([
    ready,
    ended.then((words) => {
      problem = words;
    }),
  ]);
  if (!(await settlesWithin(settled, startMs))) problem = `it was not ready within ${startMs / 1000} s`;
  if (problem !== null) throw new Error(problem);
}
