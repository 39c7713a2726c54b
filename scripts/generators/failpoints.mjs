import { importSource } from "../import-source.mjs";
import { codeFiles, isTest, readText } from "../source-tree.mjs";

export const name = "reference of failpoints";

/** `docs/reference/failpoints.md` from the list in the core and the places in the code; a point without a place is refused. */
export async function generate() {
  const { failpoints, failpointsToCome } = await importSource("packages/core/src/failpoint-list.ts");
  const sources = sourcesWithFailpoints();
  const rows = Object.entries(failpoints).map(([point, [actions, when]]) => {
    const files = sources
      .filter(({ text }) => marksOf(point).some((mark) => text.includes(mark)))
      .map(({ path }) => path);
    if (files.length === 0)
      throw new Error(`the failpoint ${point} stands in packages/core/src/failpoint-list.ts and nowhere else`);
    const links = files.map((path) => `[${path.slice(path.lastIndexOf("/") + 1)}](../../${path})`).join(", ");
    return `| \`${point}\` | ${momentOf(point, when)} | ${actions.join(", ")} | ${links} |`;
  });
  return [{ path: "docs/reference/failpoints.md", text: [...head, ...rows, ...foot(failpointsToCome)].join("\n") }];
}

const head = [
  "# Failpoints",
  "",
  "<!-- Generated from packages/core/src/failpoint-list.ts and the code by `npm run generate`. Do not edit. -->",
  "",
  "Places at which a test makes a process of Airloom crash, fail, wait, or lose a reply. `node scripts/build.mjs --failpoints` makes a",
  "build that has them; a release build has neither the places nor their names, and `AIRLOOM_FAILPOINTS` means nothing to it.",
  "`npm run failpoints` tries all of them ([what came of it](../proof/failpoints.md)).",
  "",
  "```sh",
  'AIRLOOM_FAILPOINTS="point=action[:ms][*count][@nth]; …"',
  'AIRLOOM_FAILPOINTS="api.finish.after_commit=droprep*2@5; worker.spawn=sleep:300"',
  "```",
  "",
  "It happens the `nth` time that the process comes by, and `count` times from then on; both are 1 when left out. Each time a line on",
  "standard error tells so. What cannot be read, or names no point, ends the process at its start (`FAILPOINTS_INVALID`).",
  "",
  "| Action | What happens |",
  "|---|---|",
  "| `crash` | the process kills itself with SIGKILL: nothing is cleaned up |",
  "| `error` | what goes on there fails with `UNAVAILABLE` |",
  "| `sleep:ms` | it waits, with all that it holds |",
  "| `droprep` | the reply is lost. Before a commit: COMMIT is sent and the connection cut, so that nobody knows. After one: it was acknowledged, who asked is not told, and the API hangs up without an answer. Elsewhere: the answer came and is thrown away, or the hint is not sent |",
  "",
  "| Point | When | Actions | Place |",
  "|---|---|---|---|",
];

const foot = (toCome) => [
  "",
  "Not built yet, since the parts that they belong to are not: " +
    toCome.map((point) => `\`${point}\``).join(", ") +
    ".",
  "",
];

function sourcesWithFailpoints() {
  const isList = (path) => path.startsWith("packages/core/src/failpoint");
  return codeFiles()
    .filter((path) => /^packages\/[^/]+\/src\//.test(path) && !isTest(path) && !isList(path))
    .map((path) => ({ path, text: readText(path) }))
    .filter(({ text }) => text.includes("ailpoint") || text.includes("FAILPOINTS"));
}

/** How code names a point: whole, with what it fills in, or by the transaction whose commit it stands beside. */
function marksOf(point) {
  const filled = point.replace("<id>", `\${dagId}`).replace("<n>", `\${number}`);
  const transaction = /^(.*)\.(?:before|after)_commit$/.exec(point)?.[1];
  const quoted = [`"${filled}"`, `\`${filled}\``];
  return point.includes("<") || transaction === undefined
    ? quoted
    : [...quoted, `commitPoint(tx, "${transaction}")`, `? "${transaction}"`, `: "${transaction}"`];
}

function momentOf(point, when) {
  if (point.endsWith("before_commit")) return `${when}: all is written, nothing is committed`;
  return point.endsWith("after_commit") ? `${when}: committed, and nobody was told` : when;
}
