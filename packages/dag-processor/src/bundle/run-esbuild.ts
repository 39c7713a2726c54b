import { type BuildOptions, type BuildResult, build, stop } from "esbuild";

/** Code that esbuild itself does not survive: nested deeper than its stack. */
export class BundlerCrash extends Error {}

let solitary: Promise<unknown> = Promise.resolve();

/**
 * Runs esbuild. Its one process serves all builds, and a file that kills it takes the others' builds along: so after a crash
 * each of them is built again alone, and whoever kills it alone was it.
 * @throws BuildFailure, BundlerCrash
 */
export async function runEsbuild<T extends BuildOptions>(options: T & BuildOptions): Promise<BuildResult<T>> {
  await solitary;
  // Its crash is reported to the author; the trace of a hundred frames beside it helps nobody.
  process.env.GOTRACEBACK ??= "none";
  try {
    return await build<T>(options as never);
  } catch (error) {
    if (!isCrash(error)) throw error;
  }
  return alone(() => build<T>(options as never));
}

/** Ends esbuild's process; the next build starts it again. */
export const stopEsbuild = (): Promise<void> => stop();

function alone<T>(run: () => Promise<T>): Promise<T> {
  const turn = solitary.then(async () => {
    // Without this esbuild goes on to ask the process that is gone.
    await stop();
    try {
      return await run();
    } catch (error) {
      if (!isCrash(error)) throw error;
      await stop();
      throw new BundlerCrash("The code is nested too deeply to be read.");
    }
  });
  solitary = turn.catch(() => undefined);
  return turn;
}

const isCrash = (error: unknown): boolean =>
  error instanceof Error && /The service (was stopped|is no longer running)/.test(error.message);
