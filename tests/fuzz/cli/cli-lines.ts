import { absurdText, oddDates, oddNumberTexts } from "../absurd.ts";
import type { Random } from "../random.ts";
import { endedRuns, spareKeys } from "../world.ts";
import type { CliCommand } from "./command-tree.ts";

/** They run until they are stopped, or start processes of their own: only a real process shows what they do. */
const longRunning: ReadonlySet<string> = new Set([
  "standalone",
  "api-server",
  "scheduler",
  "worker",
  "dag-processor",
  "db",
  "doctor",
]);

/** Options that wait for what nobody gives: the end of a run, standard input. */
const waiting: ReadonlySet<string> = new Set(["--wait", "--follow", "--password-stdin", "--conn-password-stdin"]);

/** Whether a line may run inside this process: it neither stays nor reads standard input. */
export const runsInProcess = ({ words }: CliCommand): boolean =>
  !longRunning.has(words[0] ?? "") && words[1] !== "test" && words.join(" ") !== "variables set";

/** Files that a command may be told to read or write: nothing outside of the project can come to harm. */
const files = [
  "out.json",
  "dags/shapes.ts",
  "nowhere/out.json",
  "dags",
  "/",
  "/dev/full",
  "/proc/nope",
  "dags/shapes.ts/x",
  "@",
  "",
];

const servers = [
  "http://127.0.0.1:1",
  "not a url",
  "http://[::1",
  "ftp://127.0.0.1",
  "https://127.0.0.1:1",
  "http://nobody@127.0.0.1:1",
  "http://nowhere.invalid",
  "",
];

/** Right values by the names of arguments and options. */
const known: Readonly<Record<string, readonly string[]>> = {
  dag: ["shapes", "dates", "failing"],
  run: ["latest", ...endedRuns],
  task: ["list", "square", "sum"],
  pool: spareKeys,
  slots: ["4", "0"],
  key: spareKeys,
  value: ["v"],
  connection: spareKeys,
  section: ["core", "api"],
  date: ["2026-01-02"],
  "--tags": ["a"],
  "--limit": ["3"],
  "--run": ["latest", ...endedRuns],
  "--map-index": ["0", "1"],
  "--output": ["json", "yaml", "plain", "table"],
  "--username": ["ann"],
  "--role": ["viewer"],
  "--conf": ["{}", '{"count":2}'],
  "--try": ["1"],
  "--conn-uri": ["http://a:b@example.test:80/x"],
  "--conn-port": ["80"],
  "--file-format": ["json", "env"],
  "--task-regex": ["l.*"],
};

/** Texts that name nothing outside of the project, and that the system lets into a command line. */
function harmless(random: Random): string {
  for (;;) {
    const text = random.pick([
      () => absurdText(random),
      () => random.pick(oddDates),
      () => random.pick(oddNumberTexts),
    ])();
    if (!text.includes("..") && !text.startsWith("/") && !text.includes("\0")) return text;
  }
}

function valueFor(name: string, random: Random, isOdd: boolean): string {
  if (/file$/.test(name)) return random.pick(files);
  if (name === "--server") return random.pick(servers);
  // Nobody may lose the Dags that show whether all is well.
  const values = known[name];
  if (isOdd && random.percent(40))
    return name.includes("conf") || name.includes("json") ? oddJsonText(random) : harmless(random);
  if (isOdd && /date|after/.test(name)) return random.pick(oddDates);
  if (isOdd && /limit|slots|index|try|executions|port/.test(name)) return random.pick(oddNumberTexts);
  return values ? random.pick(values) : isOdd ? harmless(random) : "alpha";
}

const oddJsonText = (random: Random): string =>
  random.pick([
    "{",
    "[]",
    "null",
    "1",
    '{"__proto__":{}}',
    '{"a":1e400}',
    "[".repeat(5_000),
    '{"count":"x"}',
    "@nowhere.json",
    "@dags",
    "@",
  ]);

/** The arguments of one call, by the seed: right, or with something odd about them. */
export function cliLine(command: CliCommand, random: Random): readonly string[] {
  const isOdd = random.percent(75);
  const positional = command.arguments
    .filter((one) => one.isRequired || random.percent(40))
    .map(({ name }) => valueFor(name, random, isOdd && random.percent(60)));
  const usable = command.options.filter(({ flag }) => !waiting.has(flag) && flag !== "--yes");
  const required = usable.filter((one) => one.isRequired && !(isOdd && random.percent(20)));
  const chosen = new Set([...required, ...random.some(usable, random.between(0, 3))]);
  const options = [...chosen].flatMap(({ flag, takesValue }) =>
    takesValue ? [flag, valueFor(flag, random, isOdd && random.percent(70))] : [flag],
  );
  const words = [...command.words, ...positional, ...options];
  return isOdd ? spoiled(words, random) : words;
}

function spoiled(words: readonly string[], random: Random): readonly string[] {
  const at = random.between(1, words.length);
  const with_ = (...more: readonly string[]): readonly string[] => [...words.slice(0, at), ...more, ...words.slice(at)];
  switch (random.between(0, 9)) {
    case 0:
      return with_(
        random.pick(["--nonsense", "--nonsense=1", "-Z", "---", "-", "--=", "--help=yes"]).replace(/^-$/, "--nothing"),
      );
    case 1:
      return with_("--");
    case 2:
      return with_(harmless(random));
    case 3:
      // The last value is missing.
      return words.slice(0, -1);
    case 4:
      return [...words, ...words.slice(2)];
    case 5:
      return with_("");
    case 6:
      return with_("-1");
    default:
      return words;
  }
}
