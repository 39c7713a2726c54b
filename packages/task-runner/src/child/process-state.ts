type Listener = (...args: unknown[]) => void;

/**
 * Notes what an attempt may change in the process and puts back: environment, working folder, umask, listeners, exit code.
 * @returns a function that restores the noted state; it may be called any number of times. It gives what it could not put back.
 */
export function noteProcessState(): () => readonly string[] {
  const env = { ...process.env };
  const cwd = process.cwd();
  const umask = process.umask();
  const listeners = noteListeners();
  return () => {
    restoreEnv(env);
    restoreListeners(listeners);
    process.umask(umask);
    process.exitCode = undefined;
    return restoreCwd(cwd);
  };
}

function restoreEnv(noted: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(noted, name)) delete process.env[name];
  for (const [name, value] of Object.entries(noted)) if (process.env[name] !== value) process.env[name] = value;
}

function restoreCwd(noted: string): readonly string[] {
  try {
    if (process.cwd() === noted) return [];
  } catch {
    // The attempt removed the folder it went to.
  }
  try {
    process.chdir(noted);
    return [];
  } catch (error) {
    return [`its working folder cannot be restored (${String(error)})`];
  }
}

const noteListeners = (): ReadonlyMap<string | symbol, readonly Listener[]> =>
  new Map(process.eventNames().map((name) => [name, process.rawListeners(name as "exit") as Listener[]]));

function restoreListeners(noted: ReadonlyMap<string | symbol, readonly Listener[]>): void {
  const names = new Set([...noted.keys(), ...process.eventNames()]);
  for (const name of names) {
    const before = noted.get(name) ?? [];
    const now = process.rawListeners(name as "exit") as Listener[];
    if (before.length === now.length && before.every((listener, index) => listener === now[index])) continue;
    process.removeAllListeners(name as "exit");
    for (const listener of before) process.on(name as "exit", listener);
  }
}
