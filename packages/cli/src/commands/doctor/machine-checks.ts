import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandContext } from "../../context.ts";
import { portOwner } from "../../home/port-owner.ts";
import { readRunFile } from "../../home/run-file.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** What can be known without the database. */
export const machineChecks = (context: CommandContext): readonly Finding[] => [
  nodeVersion(),
  homeFolder(context),
  keys(context),
  diskSpace(context),
  port(context),
  dagsFolder(context),
];

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const says = `Node ${process.versions.node}`;
  if (major > 20 || (major === 20 && minor >= 19)) return ok("node", says);
  return fail("node", `${says} is too old`, "Install Node 20.19 or newer.");
}

function homeFolder({ home }: CommandContext): Finding {
  try {
    accessSync(home.dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return fail(
      "home",
      `${home.dir} cannot be written`,
      "Give this user the folder, or set AIRLOOM_HOME to another one.",
    );
  }
  const others = statSync(home.dir).mode & 0o077;
  if (others === 0) return ok("home", home.dir);
  return warn("home", `${home.dir} can be read by others`, `It holds keys and data: chmod 700 ${home.dir}`);
}

function keys({ home, config }: CommandContext): Finding {
  const own = [config.security.encryptionKey, config.security.signingKey, config.security.workerToken];
  if (own.every((key) => key !== "")) return ok("keys", "from the environment");
  const folder = home.path("keys");
  const open = readdirSync(folder).filter((name) => (statSync(home.path("keys", name)).mode & 0o077) !== 0);
  if (open.length > 0)
    return warn("keys", `${open.join(", ")} in ${folder} can be read by others`, `chmod 600 ${folder}/*`);
  if (existsSync(home.path("keys", "encryption"))) return ok("keys", `in ${folder}; back them up with the database`);
  return ok("keys", "made at the first start");
}

const gib = 1024 ** 3;

function diskSpace({ home }: CommandContext): Finding {
  const { bavail, bsize } = statfsSync(home.dir);
  const free = (bavail * bsize) / gib;
  const says = `${free.toFixed(1)} GiB free where the home lies`;
  const next = "Free some space: the database stops when there is none.";
  if (free < 0.2) return fail("disk", says, next);
  return free < 1 ? warn("disk", says, next) : ok("disk", says);
}

function port({ config, home }: CommandContext): Finding {
  const running = readRunFile(home);
  if (running) return ok("port", `served at ${running.url} (${running.command}, process ${running.pid})`);
  const owner = portOwner(config.api.port);
  if (owner === null) return ok("port", `${config.api.port} is free; no server runs in this home`);
  return warn(
    "port",
    `${config.api.port} is taken by ${owner}`,
    "Start Airloom with another one: --port 8081, or AIRLOOM__API__PORT=8081.",
  );
}

function dagsFolder({ config, home }: CommandContext): Finding {
  const folder = resolve(home.project, config.core.dagsFolder);
  try {
    const files = readdirSync(folder, { recursive: true }).filter((file) => /\.[cm]?[jt]s$/.test(String(file)));
    if (files.length > 0) return ok("dags folder", `${folder}: ${files.length} files`);
    return warn("dags folder", `${folder} holds no Dag files`, "Put .ts files there that call dag().");
  } catch {
    return warn("dags folder", `${folder} does not exist`, "Make it, or set AIRLOOM__CORE__DAGS_FOLDER.");
  }
}
