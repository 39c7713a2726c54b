import { databaseOf } from "../../support/database-of.ts";
import { createRandom } from "../random.ts";
import { refill, type World } from "../world.ts";
import { cliLine, runsInProcess } from "./cli-lines.ts";
import { type CliCommand, commandTree } from "./command-tree.ts";
import { runInProcess } from "./in-process.ts";
import { type Ended, judgeEnded } from "./judge-ended.ts";
import { runReally } from "./real-process.ts";
import { oddSurroundings } from "./surroundings.ts";

export interface CliReport {
  readonly lines: number;
  readonly processes: number;
  readonly findings: readonly {
    readonly args: readonly string[];
    readonly title: string;
    readonly what: string;
    readonly said: string;
  }[];
  /** Commands by how often they ended with 0, 1, 2. */
  readonly coverage: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface CliBudget {
  readonly seed: number;
  readonly lines: number;
  /** Of every so many lines one runs in a real process; 0: none. */
  readonly oneRealIn: number;
  /** Commands in odd surroundings, at most; each is a process. */
  readonly surroundings: number;
  readonly tell: (line: string) => void;
}

export async function runCli(
  world: World,
  { seed, lines, oneRealIn, surroundings, tell }: CliBudget,
): Promise<CliReport> {
  const findings: CliReport["findings"][number][] = [];
  const coverage: Record<string, Record<string, number>> = {};
  let processes = 0;
  const note = (title: string, args: readonly string[], ended: Ended): void => {
    const what = judgeEnded(ended);
    if (what === null) return;
    findings.push({ title, args, what, said: `${ended.out.slice(0, 200)}|${ended.err.slice(0, 1_000)}` });
    tell(`${title}: ${what}: airloom ${JSON.stringify(args).slice(0, 300)}`);
  };
  const commands = commandTree();
  for (let index = 0; index < lines; index++) {
    if (index % 200 === 0) await refill(world);
    const random = createRandom(seed, "cli", index);
    const command = commands[index % commands.length] as CliCommand;
    const args = cliLine(command, random);
    // What starts and stays would stay; its usage is among the surroundings.
    if (!runsInProcess(command)) continue;
    const isReal = oneRealIn > 0 && index % oneRealIn === 0;
    const ended = isReal ? await runReally(world, { title: "", args }) : await runInProcess(world, args);
    if (isReal) processes++;
    const name = command.words.join(" ");
    coverage[name] = counted(coverage[name] ?? {}, String(ended.code));
    note(`line ${index}`, args, ended);
  }
  const odd = createRandom(seed, "cli surroundings").some(
    oddSurroundings(world.project, await databaseOf(world.project)),
    surroundings,
  );
  for (const one of odd) {
    processes++;
    const ended = await runReally(world, one);
    // A busy machine may have been slow: what is slow again is slow.
    const again = judgeEnded(ended)?.startsWith("it took") ? await runReally(world, one) : ended;
    note(one.title, one.args, one.closes === "stderr" ? { ...again, err: "error: nobody heard it" } : again);
  }
  return { lines, processes, findings, coverage };
}

const counted = (counts: Readonly<Record<string, number>>, code: string): Record<string, number> => ({
  ...counts,
  [code]: (counts[code] ?? 0) + 1,
});
