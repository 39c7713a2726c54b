/**
 * Makes a home that has been lived in, with the version of this checkout, and packs it: runs that succeeded, failed, were
 * retried, mapped and skipped, runs that wait, values of every kind, long logs, secrets, a paused Dag, an import error. Later
 * versions are started on it to see that they read what this one wrote.
 *
 *   node scripts/make-populated-home.mjs [--out file.tar.gz] [--dags folder]...
 *
 * The archive holds `home/`, `project/` (the Dag files) and `contents.json`: what the API told just before the stop.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildAll } from "./build.mjs";
import { populate } from "./populated-home/populate.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const password = "populated-home";

const { values } = parseArgs({
  options: { out: { type: "string" }, dags: { type: "string", multiple: true }, help: { type: "boolean" } },
});
if (values.help) {
  console.log("node scripts/make-populated-home.mjs [--out file.tar.gz] [--dags folder]...");
  process.exit(0);
}
const out = resolve(values.out ?? join(root, "dist", `populated-home-${version}.tar.gz`));
const dags = [...(values.dags ?? [join(root, "examples/basics/dags")]), join(root, "scripts/populated-home/dags")];

/** A port nobody listens on: the home is made beside whatever else runs here. */
const freePort = () =>
  new Promise((done, failed) => {
    const server = createServer().once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

function begin(command, args, options) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    said.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said.err += chunk;
  });
  const ended = new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => done({ code, ...said }));
  });
  return { child, ended, said };
}

/** Resolves when the standalone says that it works; rejects when it ends instead. */
const ready = ({ child, ended, said }) =>
  new Promise((done, failed) => {
    child.stdout.on("data", () => said.out.includes("Airloom is ready") && done());
    ended.then(({ code, out, err }) => failed(new Error(`standalone ended with ${code}:\n${out}${err}`)), failed);
  });

async function pack(folder) {
  mkdirSync(dirname(out), { recursive: true });
  const parts = ["--exclude=home/socket", "--exclude=home/run/server.json", "home", "project", "contents.json"];
  // Whoever unpacks it owns it, and PostgreSQL asks for nobody else.
  const args = ["--create", "--gzip", "--file", out, "--owner=0", "--group=0", "--numeric-owner", "-C", folder];
  const { code, err } = await begin("tar", [...args, ...parts], {}).ended;
  if (code !== 0) throw new Error(`tar ended with ${code}: ${err}`);
  return Math.round(statSync(out).size / 1024);
}

async function make(folder) {
  const bundles = join(root, "node_modules/.cache/populated-home");
  await buildAll(bundles);
  const project = join(folder, "project");
  for (const from of dags) cpSync(resolve(from), join(project, "dags"), { recursive: true });
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    AIRLOOM_HOME: join(folder, "home"),
    AIRLOOM__API__PORT: String(port),
    AIRLOOM__SECURITY__ADMIN_PASSWORD: password,
  };
  const main = join(bundles, "cli.mjs");
  const standalone = begin(process.execPath, [main, "standalone"], { cwd: project, env });
  try {
    await ready(standalone);
    const airloom = (args, more = {}) =>
      begin(process.execPath, [main, ...args], { cwd: project, env: { ...env, ...more } }).ended;
    const contents = await populate({ airloom, url: `http://127.0.0.1:${port}`, password });
    writeFileSync(join(folder, "contents.json"), `${JSON.stringify({ version, password, ...contents }, null, 1)}\n`);
  } finally {
    standalone.child.kill("SIGTERM");
    const { code, out: text, err } = await standalone.ended;
    if (code !== 0) console.error(`standalone ended with ${code}:\n${text.slice(-2_000)}${err}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), "airloom-populated-"));
try {
  await make(folder);
  const kilobytes = await pack(folder);
  console.log(`${out}: a home made by ${version}, ${kilobytes} KiB`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
