import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
}

export interface ChildLimits {
  /** 0 = none. */
  readonly memoryLimitMb: number;
  /** Processor time over the child's whole life: ends one that nobody is left to kill. */
  readonly cpuSeconds: number;
}

/** The command of a child with its limits. Without Linux's tools it runs with Node's own heap limit alone. */
export function childCommand(childPath: string, limits: ChildLimits): ChildCommand {
  const { memoryLimitMb } = limits;
  const heap = memoryLimitMb > 0 ? [`--max-old-space-size=${Math.max(64, Math.floor(memoryLimitMb * 0.75))}`] : [];
  const words = [...limitWords(limits), process.execPath, ...heap, "--stack-trace-limit=40", childPath];
  return { command: words[0] as string, args: words.slice(1) };
}

function limitWords({ memoryLimitMb, cpuSeconds }: ChildLimits): readonly string[] {
  if (process.platform !== "linux") return [];
  const data = memoryLimitMb > 0 ? [`--data=${memoryLimitMb * 1024 * 1024}`] : [];
  return [
    ...(isInstalled("prlimit") ? ["prlimit", ...data, `--cpu=${cpuSeconds}`, "--core=0"] : []),
    // A blocked child does not notice that its supervisor is gone.
    ...(isInstalled("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : []),
  ];
}

const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));

const usualNames = ["PATH", "TZ", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS"];

/** What a child gets of its supervisor's environment: names that are listed, nothing else. */
export function childEnvironment(listed: readonly string[]): Readonly<Record<string, string>> {
  const names = [...usualNames, ...usualNames.map((name) => name.toLowerCase()), ...listed];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const])),
  );
}
