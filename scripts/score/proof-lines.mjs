const count = (list, isCounted) => list.filter(isCounted).length;
const outOf = (found, all) => `${found} of ${all}`;
const isPassed = ({ result, status }) => (result ?? status) === "passed";
const wasRun = ({ result, status }) => (result ?? status) !== "not run";

/** Longest and median recovery of a chaos report's rows, seconds. */
function recoveries(rows) {
  const known = rows.flatMap(({ name, recovery }) => (recovery ? [{ name, ...recovery }] : []));
  return known.sort((a, b) => b.longest - a.longest);
}

function judgeChaos({ rows }) {
  const run = rows.filter(wasRun);
  const enough = ({ passed, repetitions = [] }) =>
    passed >= (Math.max(0, ...repetitions.map(({ took }) => took)) > 30 ? 3 : 20);
  const passed = count(run, isPassed);
  const often = count(run, (row) => isPassed(row) && enough(row));
  const left = rows.length - run.length;
  return {
    value: `${outOf(passed, run.length)} rows passed, ${often} of them often enough; ${left} not run (${run.reduce((sum, row) => sum + row.passed, 0)} repetitions)`,
    met: passed === run.length && often === run.length,
  };
}

function judgeRecovery({ rows }) {
  const [slowest] = recoveries(rows);
  if (!slowest) return { value: "no row was run", met: false };
  const medians = recoveries(rows)
    .map(({ median }) => median)
    .sort((a, b) => a - b);
  return {
    value: `median of rows ${medians[Math.floor(medians.length / 2)]} s, longest ${slowest.longest} s (${slowest.name})`,
    met: slowest.longest <= 40,
  };
}

function judgeFailpoints(result) {
  const points = result.points ?? result;
  const actions = points.flatMap(({ actions: each }) => Object.values(each)).filter(wasRun);
  const passed = count(actions, isPassed);
  return {
    value: `${outOf(passed, actions.length)} actions at ${points.length} points`,
    met: passed === actions.length && passed > 0,
  };
}

function judgeHostile(result) {
  const cases = Object.values(result).flatMap((part) => part.cases ?? []);
  const run = cases.filter(wasRun);
  const passed = count(run, isPassed);
  return {
    value: `${outOf(passed, run.length)} cases, ${cases.length - run.length} not run`,
    met: passed === run.length && run.length >= 260,
  };
}

const judgeFuzz = ({ failures, requests, lines, seed }) => ({
  value: `${requests ?? lines ?? "?"} inputs (seed ${seed}), ${failures.length} findings`,
  met: failures.length === 0,
});

function judgePlanted(result) {
  const bugs = result.bugs ?? result;
  const caught = count(bugs, (bug) => bug.caught);
  return { value: `${outOf(caught, bugs.length)} caught`, met: caught === bugs.length && bugs.length >= 20 };
}

function judgeModel(scopes) {
  const states = scopes.reduce((sum, scope) => sum + scope.states, 0);
  const findings = scopes.flatMap((scope) => scope.findings);
  return {
    value: `${states.toLocaleString("en")} states in ${scopes.length} scopes, ${findings.length} findings`,
    met: findings.length === 0,
  };
}

/** What is proved rather than measured. */
export const proofLines = [
  {
    id: "chaos",
    title: "Faults survived",
    target: "every row that the parts allow, 20 times where it takes ≤ 30 s, else 3; no manual step",
    command: "npm run chaos -- --all --times 20 --json FILE",
    judge: judgeChaos,
  },
  {
    id: "recovery",
    title: "Recovery time",
    target: "≤ 40 s with a lease of 2 s",
    command: "npm run chaos -- --all --times 20 --json FILE",
    judge: judgeRecovery,
  },
  {
    id: "failpoints",
    title: "Kill-point coverage",
    target: "every failpoint × crash, error, sleep, lost reply reached and passed",
    command: "npm run failpoints -- --json FILE",
    judge: judgeFailpoints,
  },
  {
    id: "simulation",
    title: "Simulation",
    target: "≥ 20,000 seeds clean, every “sometimes” above zero",
    command: "npm run sim -- --from 1 --seeds 20000 --json FILE",
    judge: ({ seeds, failures, never, virtualHours, executions }) => ({
      value: `${seeds.toLocaleString("en")} seeds, ${failures.length} failed, ${never.length} counters at zero (${virtualHours} virtual hours, ${executions.toLocaleString("en")} executions)`,
      met: seeds >= 20_000 && failures.length === 0 && never.length === 0,
    }),
  },
  {
    id: "histories",
    title: "Concurrent histories on PostgreSQL",
    target: "no lost, doubled or illegal move",
    command: "npm run --silent histories -- --seconds 120 > FILE",
    judge: ({ found, counts, seconds, connections }) => ({
      value: `${found} anomalies in ${seconds} s on ${connections} connections (${counts.calls ?? counts.moves ?? "?"} calls)`,
      met: found === 0,
    }),
  },
  {
    id: "planted",
    title: "Planted bugs",
    target: "20 of 20 caught: by 10,000 seeds, or by 60 s of histories",
    command: "npm run planted -- --json FILE",
    judge: judgePlanted,
  },
  {
    id: "model",
    title: "Model check",
    target: "all reachable states of the small scopes, none wrong, none without an end",
    command: "npm run --silent model > FILE",
    judge: judgeModel,
  },
  {
    id: "properties",
    title: "Properties, cron over all zones",
    target: "all IANA zones and changes of offset 1970–2100; any value and Spec",
    command: "npm run properties -- --json FILE",
    judge: ({ numPassedTests, numFailedTests, scale }) => ({
      value: `${numPassedTests} passed, ${numFailedTests} failed, at scale ${scale}`,
      met: numFailedTests === 0 && numPassedTests > 0 && scale >= 35,
    }),
  },
  {
    id: "hostile",
    title: "Hostile Dag files and tasks",
    target: "≥ 200 files and ≥ 60 tasks: no parent dies, no neighbour suffers, the right error each",
    command: "npm run hostile -- --json FILE",
    judge: judgeHostile,
  },
  {
    id: "fuzz-http",
    title: "Bad input over HTTP",
    target: "≥ 20,000 requests over all routes: no 5xx, no hang",
    command: "npm run fuzz -- http --requests 20000 --json FILE",
    judge: judgeFuzz,
  },
  {
    id: "fuzz-raw",
    title: "Bad input on raw sockets",
    target: "4xx or closed, others served meanwhile",
    command: "npm run fuzz -- raw --json FILE",
    judge: judgeFuzz,
  },
  {
    id: "fuzz-cli",
    title: "Bad arguments",
    target: "exit 0, 1 or 2, no stack, no hang",
    command: "npm run fuzz -- cli --json FILE",
    judge: judgeFuzz,
  },
  {
    id: "fuzz-dags",
    title: "Mutated Dag files",
    target: "published, or an error in the file's own lines",
    command: "npm run fuzz -- dags --seconds 300 --json FILE",
    judge: judgeFuzz,
  },
  ...[
    ["migrations", "Migrations killed at every statement", "there is one released version so far"],
    ["restore", "Backup and restore while running", "backup comes with a user's own project"],
    ["authz", "Authorisation matrix", "no campaign yet; roles have their tests"],
    ["canary", "Canary secrets", "no campaign yet; masking has its tests"],
    ["isolation", "Isolation probes", "no campaign yet; same-uid children are a guard against accidents only"],
    ["soak", "Soak of 24 hours", "no campaign yet"],
    ["fleet", "100 workers for an hour", "no campaign yet"],
  ].map(([id, title, notRun]) => ({ id, title, target: "–", notRun })),
];
