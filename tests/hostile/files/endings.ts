import { all, breaks, type DagFileCase, imports } from "../case.ts";

const ends = (name: string, code: string, how: RegExp): DagFileCase => breaks(name, code, ["exit", how]);
const never = "await new Promise(() => {});";

/** Files that end the process that loads them. Row 39. */
export const endings: readonly DagFileCase[] = all({ row: 39 }, [
  ends("process.exit(0)", "process.exit(0);", /exited during import \(code 0\)/),
  ends("process.exit(1)", "process.exit(1);", /code 1/),
  ends("process.exit(3)", "process.exit(3);", /code 3/),
  ends("process.exit(-1)", "process.exit(-1);", /code 255/),
  ends("process.reallyExit", "(process as any).reallyExit(9);", /code 9/),
  ends("process.exit in a body", `${imports}export default dag("x", {}, () => process.exit(0));`, /code 0/),
  ends("process.exit after a moment", `setTimeout(() => process.exit(0), 5); ${never}`, /code 0/),
  ends("process.exit in an exit listener", "process.on('exit', () => process.exit(7)); process.exit(0);", /code 7/),
  ends("process.abort", "process.abort();", /SIGABRT/),
  ends("SIGKILL to itself", "process.kill(process.pid, 'SIGKILL');", /SIGKILL/),
  ends("SIGSEGV to itself", `process.kill(process.pid, 'SIGSEGV'); ${never}`, /SIGSEGV/),
  ends("SIGTERM to itself", `process.kill(process.pid, 'SIGTERM'); ${never}`, /SIGTERM/),
  ends("SIGTERM to its group", `process.kill(0, 'SIGTERM'); ${never}`, /SIGTERM/),
  ends("SIGHUP to itself", `process.kill(process.pid, 'SIGHUP'); ${never}`, /SIGHUP/),
  ends("SIGILL to itself", `process.kill(process.pid, 'SIGILL'); ${never}`, /SIGILL/),
  ends("SIGXCPU to itself", `process.kill(process.pid, 'SIGXCPU'); ${never}`, /SIGXCPU/),
  ends(
    "exit by a listener for rejections",
    `process.removeAllListeners("unhandledRejection"); process.on("unhandledRejection", () => process.exit(4)); Promise.reject(1); ${never}`,
    /code 4/,
  ),
  ends(
    "no listener for errors",
    `process.removeAllListeners("uncaughtException"); process.removeAllListeners("unhandledRejection"); Promise.reject(new Error("unheard")); ${never}`,
    /code 1/,
  ),
  ends("a native crash", "process.dlopen({ exports: {} } as never, '/nowhere.node');", /x/),
]).map((one) =>
  one.name === "a native crash"
    ? { ...one, expected: { kind: "throw", message: /nowhere\.node/, at: /^bad\.ts/ } as const }
    : one,
);
