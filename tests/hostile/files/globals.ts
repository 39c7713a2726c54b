import { all, breaks, type DagFileCase, imports, loads, one } from "../case.ts";

/** Loads, and must not be felt by the files that come after. */
const patches = (name: string, patch: string): DagFileCase => loads(name, `${imports}${patch}\n${one}`);

const told = (how: readonly [kind: string, message: RegExp], name: string, patch: string): DagFileCase =>
  breaks(name, `${imports}${patch}\n${one}`, how);

/** Takes away what files are read with: refused, rather than read wrongly. */
const replaces = (name: string, patch: string): DagFileCase =>
  breaks(name, `${imports}${patch}\n${one}`, ["spec", /^The file replaces [\w.]+(\(Symbol\.iterator\))?/]);

/** Files that change what all code of their process shares. Row 41. */
export const globals: readonly DagFileCase[] = all({ row: 41 }, [
  patches("a changed Object.prototype", "(Object.prototype as any).x = 1;"),
  patches(
    "a changed Object.prototype, with a setter",
    "Object.defineProperty(Object.prototype, 'kind', { get() { return 'failed'; }, set() {}, configurable: true });",
  ),
  replaces("a changed Array.prototype", "Array.prototype.map = function () { return []; } as never;"),
  replaces("a changed Array.prototype.push", "Array.prototype.push = function () { return 0; };"),
  replaces("an iterator that ends at once", "Array.prototype[Symbol.iterator] = function* () {} as never;"),
  replaces("a changed String.prototype", "String.prototype.replace = function () { return 'evil'; } as never;"),
  replaces("a JSON that lies", `JSON.stringify = () => '{"forged":true}'; JSON.parse = () => ({ forged: true });`),
  replaces("a JSON that throws", "JSON.stringify = () => { throw new Error('no JSON'); };"),
  replaces("a Promise that never settles", "Promise.prototype.then = function () { return this; } as never;"),
  patches("another Promise", "globalThis.Promise = class extends Promise<unknown> {} as never;"),
  replaces("a changed Map", "Map.prototype.get = () => undefined; Map.prototype.set = function () { return this; };"),
  replaces("a changed Set", "Set.prototype.has = () => true;"),
  patches("a Date that stands still", "Date.now = () => 0;"),
  patches("another Date", "globalThis.Date = class extends Date { constructor() { super(0); } } as never;"),
  patches("chance that is none", "Math.random = () => 0.5; Math.min = () => -1;"),
  patches("process.exit that does nothing", "process.exit = (() => undefined) as never;"),
  patches("process.on that does nothing", "process.on = (() => process) as never;"),
  patches("a console that throws", "console.log = () => { throw new Error('quiet'); };"),
  replaces(
    "a Buffer that lies",
    "Buffer.from = (() => Buffer.alloc(0)) as never; Buffer.concat = (() => Buffer.alloc(0)) as never;",
  ),
  patches(
    "timers that never fire",
    "globalThis.setTimeout = (() => 0) as never; globalThis.setImmediate = (() => 0) as never;",
  ),
  patches(
    "a changed Error",
    "Error.captureStackTrace = () => { throw new Error('no'); }; Error.stackTraceLimit = 1e9;",
  ),
  replaces("a changed Reflect", "Reflect.ownKeys = () => []; Reflect.get = () => undefined;"),
  replaces(
    "Object's functions changed",
    "Object.keys = () => []; Object.entries = () => []; Object.values = () => [];",
  ),
  told(
    ["throw", /read only/],
    "Object.freeze of everything",
    "for (const o of [Object, Array, JSON, Math, Promise, Map, globalThis.process]) { try { Object.freeze(o); } catch {} }",
  ),
  patches("a new global", "(globalThis as any).leaked = 1;"),
  patches("a deleted global", "delete (globalThis as any).URL; delete (globalThis as any).structuredClone;"),
  patches(
    "a changed environment",
    "process.env.PATH = ''; process.env.NODE_OPTIONS = '--throw-deprecation'; delete process.env.HOME;",
  ),
  patches("another working folder", "process.chdir('/');"),
  patches("a changed umask", "process.umask(0o777);"),
  patches("a title of its own", "process.title = 'init';"),
  patches(
    "listeners for everything",
    "for (const e of ['exit', 'SIGTERM', 'uncaughtException', 'unhandledRejection', 'beforeExit']) process.on(e, () => {});",
  ),
  patches(
    "the modules of airloom changed",
    "try { (globalThis as any)[Symbol.for('airloom.modules')].airloom = {}; } catch {}",
  ),
  patches(
    "airloom's own symbol replaced",
    "try { Object.defineProperty(globalThis, Symbol.for('airloom.modules'), { value: {} }); } catch {}",
  ),
  patches(
    "a module's functions changed",
    `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module"; fs.writeSync = (() => 0) as never; fs.readFileSync = (() => "") as never; syncBuiltinESMExports();`,
  ),
  told(
    ["timeout", /had not loaded/],
    "a socket's functions changed",
    `import net from "node:net"; net.Socket.prototype.write = (() => true) as never;`,
  ),
  patches(
    "a stream's functions changed",
    `import { Writable } from "node:stream"; Writable.prototype.write = (() => true) as never;`,
  ),
  patches("zod's registry filled", `import { z } from "zod"; z.string().meta({ id: "Same" });`),
  patches("zod's registry filled with the same", `import { z } from "zod"; z.string().meta({ id: "Same" });`),
  breaks(
    "a Dag's brand forged",
    `export default { id: "forged", options: {}, [Symbol.for("airloom.dag")]: () => ({ spec: { format: 1 }, nodes: new Map() }) };`,
    ["throw", /./, ""],
  ),
  breaks(
    "a Dag's brand forged with text",
    `export default { id: "forged", options: {}, [Symbol.for("airloom.dag")]: () => "nonsense" };`,
    ["throw", /./, ""],
  ),
]);
