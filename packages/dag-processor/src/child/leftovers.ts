import { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";

/** What all code of a process shares. */
const sharedObjects: readonly object[] = [
  globalThis,
  ...[Object, Function, Array, String, Number, Boolean, Promise, Map, Set, RegExp, Date, Error, Symbol].flatMap(
    (type) => [type, type.prototype as object],
  ),
  JSON,
  Math,
  Reflect,
  console,
  process,
];

type Snapshot = ReadonlyMap<object, ReadonlyMap<PropertyKey, PropertyDescriptor>>;

/** Found in the environment of whatever is started, also where the author gave another. */
const ownMark = `AIRLOOM_PARSE_CHILD=${process.env.AIRLOOM_PARSE_CHILD}`;

const counts = { timers: 0, processes: 0 };
type AnyFunction = (...args: readonly unknown[]) => unknown;

/** Counts timers and processes that are made: the process's own lists hide those that were unref'd. */
export function countStarts(): void {
  const made = timers as unknown as Record<string, AnyFunction>;
  const globals = globalThis as unknown as Record<string, AnyFunction>;
  for (const name of ["setTimeout", "setInterval", "setImmediate"]) {
    const make = made[name] as AnyFunction;
    const counted = (...args: readonly unknown[]): unknown => {
      counts.timers += 1;
      return make(...args);
    };
    Object.defineProperties(counted, Object.getOwnPropertyDescriptors(make));
    made[name] = counted;
    globals[name] = counted;
  }
  const children = ChildProcess.prototype as unknown as { spawn: AnyFunction };
  const { spawn } = children;
  children.spawn = function (...args) {
    counts.processes += 1;
    const pairs = (args[0] as { readonly envPairs?: string[] } | undefined)?.envPairs;
    if (pairs && !pairs.includes(ownMark)) pairs.push(ownMark);
    return Reflect.apply(spawn, this, args);
  };
  syncBuiltinESMExports();
}

/**
 * Notes the state of the process before a file is loaded.
 * @returns a function that names what the file left behind: with any of it, the next file needs another process.
 */
export function noteState(registry: { readonly _idmap?: ReadonlyMap<unknown, unknown> } | undefined) {
  const globals = snapshot();
  const env = JSON.stringify(process.env);
  const cwd = process.cwd();
  const listeners = countListeners();
  const resources = process.getActiveResourcesInfo().length;
  const before = { ...counts, ids: registry?._idmap?.size };
  return (): readonly string[] => {
    const found: readonly (readonly [boolean, string])[] = [
      [changedGlobals(globals), "changed globals"],
      [JSON.stringify(process.env) !== env || process.cwd() !== cwd, "another environment or working folder"],
      [countListeners() !== listeners, "process listeners"],
      [process.getActiveResourcesInfo().length > resources, "open files, sockets or timers"],
      [counts.timers !== before.timers, "timers"],
      [counts.processes !== before.processes, "processes"],
      [registry?._idmap?.size !== before.ids, "registered schemas"],
    ];
    return found.filter(([left]) => left).map(([, words]) => words);
  };
}

const countListeners = (): number =>
  process.eventNames().reduce((sum, name) => sum + process.listenerCount(name as "exit"), 0);

const snapshot = (): Snapshot => new Map(sharedObjects.map((object) => [object, propertiesOf(object)]));

const propertiesOf = (object: object): ReadonlyMap<PropertyKey, PropertyDescriptor> =>
  new Map(Reflect.ownKeys(object).map((key) => [key, Reflect.getOwnPropertyDescriptor(object, key) ?? {}]));

function changedGlobals(before: Snapshot): boolean {
  for (const [object, known] of before) {
    const keys = Reflect.ownKeys(object);
    if (keys.length !== known.size) return true;
    if (keys.some((key) => differs(known.get(key), Reflect.getOwnPropertyDescriptor(object, key)))) return true;
  }
  return false;
}

function differs(before: PropertyDescriptor | undefined, now: PropertyDescriptor | undefined): boolean {
  if (!before || !now) return true;
  // Node's lazy globals turn from getters into values when they are first used.
  if (before.get && !now.get) return false;
  return !Object.is(before.value, now.value) || before.get !== now.get || before.set !== now.set;
}
