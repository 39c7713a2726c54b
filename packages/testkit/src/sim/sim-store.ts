import { AirloomError } from "@airloom/core";
import { DeadlockError, type HintTopic, type Store } from "@airloom/store";
import { checkCommit } from "./invariants/check-commit.ts";
import { Crashed, type SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

/** The store as one process sees it: its statements take time, its connection may break, and it may die at any of them. */
export function storeOf(world: World, process: SimProcess, who: "system" | "user" = "system"): Store {
  let isOffering = false;
  const connection = world.database.connect((point) => {
    // The commit has happened this very moment: nobody has seen it yet.
    if (point === "committed") checkCommit(world, who === "user");
    if (point === "countQueued") isOffering = true;
    else if (point !== "commit" && point !== "committed") isOffering = false;
    return stepOf(world, process, point);
  });
  return {
    tx: (fn) => (process.isAlive ? process.hear(connection.tx(fn)) : new Promise(() => undefined)),
    hint: (topic) => {
      if (!process.isAlive) return;
      if (topic === "queued" && isOffering) world.count("queued again offered");
      shout(world, topic);
    },
    onHint: (topic, call) => listen(world, process, { topic, call }),
    close: async () => undefined,
  };
}

type Strike = "crash" | "broken" | "deadlock" | null;

function stepOf(world: World, process: SimProcess, point: string): Promise<void> {
  if (!process.isAlive) return Promise.reject(new Crashed());
  const strike = strikeAt(world, point);
  const { knobs } = world.plan;
  if (strike === null && !world.random.chance(knobs.pace)) return Promise.resolve();
  const isSlow = world.strikes("delays") && world.random.chance(0.2);
  const ms = world.random.between(0, 2 * knobs.statementMs) * (isSlow ? 100 : 1);
  return process.wait(ms, `${process.name} ${point}`, (resolve, reject) => {
    if (strike === null || world.isHealing) return resolve();
    if (strike === "crash") {
      reject(new Crashed());
      world.count(crashCounter(point));
      world.crash(process, `at ${point}`);
      return;
    }
    if (strike === "deadlock") {
      world.count("deadlock retried");
      return reject(new DeadlockError());
    }
    world.count(brokenCounter(point));
    world.note(`${process.name} loses its connection at ${point}`);
    const outcome = point === "commit" || point === "committed" ? "unknown" : "undone";
    reject(new AirloomError("DATABASE_UNREACHABLE", { reason: `it was lost at ${point}`, outcome }));
  });
}

function strikeAt(world: World, point: string): Strike {
  if (world.mayCrash() && world.strikes("crashes")) return "crash";
  const isCommit = point === "commit" || point === "committed";
  if (world.strikes(isCommit ? "unknown-commits" : "broken-connections")) return "broken";
  return !isCommit && world.strikes("deadlocks") ? "deadlock" : null;
}

const crashCounter = (point: string) =>
  point === "commit"
    ? "process crashed at the commit"
    : point === "committed"
      ? "process crashed after the commit"
      : "process crashed before a statement";

const brokenCounter = (point: string) =>
  point === "commit"
    ? "commit unknown: it was not"
    : point === "committed"
      ? "commit unknown: it was committed"
      : "connection lost in a transaction";

/** As NOTIFY does: to everybody, the one who shouts too, merged, late, and now and then to nobody. */
function shout(world: World, topic: HintTopic): void {
  for (const listener of world.listeners.get(topic) ?? []) {
    if (world.strikes("lost-hints")) {
      world.count("hint lost");
      continue;
    }
    const ms = world.random.between(0, 4);
    world.loop.after(
      ms,
      { owner: listener.process, label: `hint ${topic} to ${listener.process.name}` },
      listener.call,
    );
  }
}

function listen(
  world: World,
  process: SimProcess,
  { topic, call }: { readonly topic: HintTopic; readonly call: () => void },
): () => void {
  let isOn = true;
  const listener = {
    process,
    call: () => {
      if (isOn) call();
    },
  };
  const all = world.listeners.get(topic) ?? new Set();
  world.listeners.set(topic, all.add(listener));
  const off = (): void => {
    isOn = false;
    all.delete(listener);
  };
  process.onEnd(off);
  return off;
}
