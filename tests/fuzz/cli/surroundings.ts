import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { processOf } from "../../support/proc.ts";
import type { TemporaryProject } from "../../support/temporary-project.ts";

/** A command in surroundings that are not as they should be. */
export interface OddSurroundings {
  readonly title: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Variables that are not there. */
  readonly without?: readonly string[];
  /** Nobody reads what it prints. */
  readonly closes?: "stdout" | "stderr";
  /** Runs as this user, who owns nothing. */
  readonly uid?: number;
  /** Another folder of the project to stand in. */
  readonly folder?: string;
}

const list = ["dags", "list", "--json"];

const runFiles: readonly string[] = [
  "",
  "{",
  "null",
  "[]",
  "5",
  '"text"',
  '{"url":5}',
  "\0\0\0",
  `{"pid":1,"startTime":"x","bootId":"y","url":"http://127.0.0.1:1","command":"standalone"}`,
  "[".repeat(100_000),
];

/** Makes the homes and projects that the lines need. `databaseUrl`: a database that answers. */
export function oddSurroundings(project: TemporaryProject, databaseUrl: string): readonly OddSurroundings[] {
  const put = (path: string, text: string): string => {
    mkdirSync(dirname(project.path(path)), { recursive: true });
    writeFileSync(project.path(path), text);
    return project.path(path);
  };
  const database = { AIRLOOM__DATABASE__URL: databaseUrl };
  const homes = runFiles.map((text, index) => {
    put(`homes/${index}/run/server.json`, text);
    return {
      title: `a run file of ${JSON.stringify(text.slice(0, 20))}`,
      args: list,
      environment: { ...database, AIRLOOM_HOME: project.path(`homes/${index}`) },
    };
  });
  const file = put("a-file", "text");
  put("homes/keys/keys/signing", "");
  put("homes/keys/keys/encryption", "not base64 !!!");
  put("config/throws/airloom.config.ts", 'throw new Error("no");');
  put("config/broken/airloom.config.ts", "export default {");
  put("config/number/airloom.config.ts", "export default 5;");
  put("config/nothing/airloom.config.ts", "");
  put("config/wrong/airloom.config.ts", 'export default { api: { port: "many" }, nonsense: 1 };');
  const config = ["throws", "broken", "number", "nothing", "wrong"].map((name) => ({
    title: `a configuration that is ${name}`,
    args: ["config", "list"],
    folder: `config/${name}`,
    environment: { AIRLOOM_HOME: project.path("homes/config") },
  }));
  return [
    ...homes,
    ...config,
    { title: "nobody reads standard output", args: ["dags", "list"], closes: "stdout" },
    { title: "nobody reads the help", args: ["--help"], closes: "stdout" },
    { title: "nobody reads standard error", args: ["dags", "nonsense"], closes: "stderr" },
    { title: "no HOME", args: list, without: ["HOME", "USER", "PATH"] },
    { title: "no environment", args: ["version"], without: ["HOME", "USER", "PATH", "AIRLOOM_HOME"] },
    { title: "a home that is a file", args: list, environment: { AIRLOOM_HOME: file } },
    { title: "a home below a file", args: list, environment: { AIRLOOM_HOME: `${file}/home` } },
    { title: "a home where nothing can be made", args: list, environment: { AIRLOOM_HOME: "/proc/nope" } },
    { title: "a home of another user", args: list, uid: 65_534 },
    { title: "keys that are none", args: list, environment: { ...database, AIRLOOM_HOME: project.path("homes/keys") } },
    { title: "a database that is not there", args: list, environment: apart(project, "postgres://127.0.0.1:1/none") },
    { title: "a database's address that is none", args: list, environment: apart(project, "nonsense") },
    { title: "a port that is none", args: ["api-server"], environment: { AIRLOOM__API__PORT: "many" } },
    {
      title: "a port beyond all ports",
      args: ["api-server", "--port", "99999999"],
      environment: apart(project, databaseUrl),
    },
    { title: "a negative port", args: ["standalone", "--port", "-1"], environment: apart(project, databaseUrl) },
    {
      title: "a host that is none",
      args: ["api-server", "--host", "nowhere.invalid"],
      environment: apart(project, databaseUrl),
    },
    { title: "a port that is taken", args: ["api-server"], environment: apart(project, databaseUrl) },
    { title: "slots that are none", args: ["worker", "--slots", "many"] },
    { title: "a level that is none", args: ["config", "list"], environment: { AIRLOOM__LOGGING__LEVEL: "loud" } },
    { title: "an option that is none", args: ["config", "list"], environment: { AIRLOOM__NONSENSE__X: "1" } },
    { title: "a file that is not there", args: ["dags", "test", "shapes", "-f", "nowhere.ts"] },
    { title: "a folder for a file", args: ["dags", "test", "shapes", "-f", "dags"] },
    { title: "a Dag that is not there", args: ["dags", "test", "nobody"] },
    { title: "a task that is not there", args: ["tasks", "test", "shapes", "nobody"] },
    { title: "a full disk", args: ["variables", "export", "/dev/full"] },
    { title: "standard input that is empty", args: ["variables", "set", "empty"] },
    { title: "standard input that is no JSON", args: ["variables", "import", "-"] },
    { title: "a password that is empty", args: ["users", "create", "-u", "ann", "-r", "viewer", "--password-stdin"] },
    {
      title: "a user's name of odd letters",
      args: ["users", "create", "-u", "\u{1f680}", "-r", "viewer"],
      environment: { AIRLOOM_PASSWORD: "x" },
    },
    livingStranger(project, put),
  ];
}

const apart = (project: TemporaryProject, databaseUrl: string) => ({
  AIRLOOM__DATABASE__URL: databaseUrl,
  AIRLOOM_HOME: project.path("homes/apart"),
});

/** A run file that names a living process, and an address that is none. */
function livingStranger(project: TemporaryProject, put: (path: string, text: string) => string): OddSurroundings {
  const own = processOf(process.pid);
  put("homes/living/run/server.json", JSON.stringify({ pid: own?.pid, startTime: own?.startTicks, url: "nonsense" }));
  return {
    title: "a run file of a living stranger",
    args: list,
    environment: { AIRLOOM_HOME: project.path("homes/living") },
  };
}
