/** Lists that a later version has to tell the same, by their key in the answer. */
const lists = {
  dags: "dags",
  dag_runs: "dags/~/dagRuns",
  task_instances: "dags/~/dagRuns/~/taskInstances",
  variables: "variables",
  pools: "pools",
  connections: "connections",
  import_errors: "importErrors",
};

/** Read by `users create` alone. */
const viewer = { AIRLOOM_PASSWORD: "viewer-of-a-home" };

/** Each run that is made, and how it has to end. */
const runs = [
  ["basics_hello", "success"],
  ["basics_mapping", "success", { upTo: 100, parts: 5 }],
  ["basics_branching", "success", { rows: 2_000 }],
  ["basics_groups", "success"],
  ["basics_operators", "success"],
  ["basics_retries", "success"],
  ["basics_skip_and_fail", "success", { feed: "empty" }],
  ["basics_pools", "success"],
  ["basics_failing", "failed"],
  ["populated_values", "success"],
];

/**
 * Lives in a home for a while.
 * @param airloom runs a command in it: resolves to its exit code and output.
 * @returns what the API tells in the end.
 */
export async function populate({ airloom, url, password }) {
  const must = async (...args) => {
    const ended = await airloom(args, viewer);
    if (ended.code !== 0)
      throw new Error(`airloom ${args.join(" ")} ended with ${ended.code}: ${ended.err}${ended.out}`);
    return ended.out;
  };
  await settings(must);
  const known = await loadedDags(must);
  for (const [dagId, state, conf] of runs.filter(([dagId]) => known.includes(dagId))) {
    const given = conf ? ["--conf", JSON.stringify(conf)] : [];
    const { code, out, err } = await airloom(["dags", "trigger", dagId, "--wait", ...given]);
    if ((code === 0) !== (state === "success")) throw new Error(`${dagId} should end as ${state}:\n${out}${err}`);
    console.log(`${dagId}: ${state}`);
  }
  const log = await must("tasks", "logs", "populated_values", "latest", "long_log");
  await leaveWaiting(must);
  if (known.includes("basics_hello")) await must("tasks", "clear", "basics_hello", "--run", "latest", "--yes");
  const api = await apiOf(url, password);
  await settled(api);
  return { contents: await collect(api), logLines: log.trimEnd().split("\n").length };
}

/** The Dags, once their files have been loaded: all of this home's own are there, and for two seconds no other has come. */
async function loadedDags(must) {
  for (let tries = 0, last = [], same = 0; tries < 120; tries += 1) {
    const ids = JSON.parse(await must("dags", "list", "--json")).map(({ dag_id }) => dag_id);
    same = ids.length === last.length ? same + 1 : 0;
    last = ids;
    if (same >= 4 && ["populated_values", "populated_waiting", "populated_paused"].every((id) => ids.includes(id)))
      return ids;
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error("the Dag files were not loaded within a minute");
}

async function settings(must) {
  await must("pools", "set", "basics_printer", "2", "shared by the printing tasks");
  await must("variables", "set", "bucket", "s3://lake/orders", "--description", "where orders lie");
  await must("variables", "set", "api_key", "not-a-real-secret");
  await must(
    "connections",
    "add",
    "basics_warehouse",
    "--conn-uri",
    "postgres://reader:secret@db.example:5432/orders?sslmode=require",
  );
  await must(
    "connections",
    "add",
    "shop",
    "--conn-type",
    "http",
    "--conn-host",
    "shop.example",
    "--conn-extra",
    '{"timeout": 10}',
  );
  await must("users", "create", "--username", "viewer", "--role", "viewer");
}

/** Runs that have not ended: a retry far off, a run of a paused Dag, a run for later. */
async function leaveWaiting(must) {
  await must("dags", "trigger", "populated_waiting", "--note", "waits for a retry");
  await must("dags", "pause", "populated_paused");
  await must("dags", "trigger", "populated_paused", "--run-id", "queued_while_paused");
  await must("dags", "trigger", "populated_values", "--run-after", "2099-01-01T00:00:00Z", "--run-id", "for_later");
}

async function apiOf(url, password) {
  const asked = { method: "POST", headers: { "content-type": "application/json" } };
  const login = await fetch(`${url}/auth/token`, { ...asked, body: JSON.stringify({ username: "admin", password }) });
  const { access_token: token } = await login.json();
  return async (path) => {
    const answer = await fetch(`${url}/api/v2/${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
}

/** Nothing moves any more: what waits has come to where it waits. */
async function settled(api) {
  const moving = ["running", "queued", "scheduled", "restarting"].map((state) => `state=${state}`).join("&");
  for (let tries = 0; tries < 300; tries += 1) {
    const { total_entries: count } = await api(`dags/~/dagRuns/~/taskInstances?${moving}&limit=1`);
    const { total_entries: broken } = await api("importErrors?limit=1");
    if (count === 0 && broken > 0) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error("the home did not come to rest within a minute");
}

async function collect(api) {
  const contents = {};
  for (const [key, path] of Object.entries(lists)) contents[key] = await whole(api, path, key);
  contents.xcom_entries = [];
  for (const { dag_id, dag_run_id, task_id, map_index } of contents.task_instances) {
    const place = `dags/${dag_id}/dagRuns/${encodeURIComponent(dag_run_id)}/taskInstances/${task_id}/xcomEntries`;
    const { xcom_entries } = await api(`${place}?map_index=${map_index}`);
    for (const { key } of xcom_entries)
      contents.xcom_entries.push(await api(`${place}/${encodeURIComponent(key)}?map_index=${map_index}`));
  }
  return contents;
}

async function whole(api, path, key) {
  const rows = [];
  for (;;) {
    const page = await api(`${path}?limit=100&offset=${rows.length}`);
    rows.push(...page[key]);
    if (page[key].length === 0 || rows.length >= page.total_entries) return rows;
  }
}
