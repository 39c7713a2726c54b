import { fails, inRow, succeeds, type TaskCase } from "./task-case.ts";

const forged = (message: string): string =>
  `const body = Buffer.from(JSON.stringify({ value: ${message}, binary: [] })); const m = Buffer.alloc(9); m.writeUInt32LE(5 + body.length); m[4] = 1; m.writeUInt32LE(body.length, 5); writeSync(4, Buffer.concat([m, body]));`;
const broken = { kind: "signal", name: "BrokenChannel", message: /wrote to the channel/ } as const;
/** What it needs itself to report its end. */
const changesTools = (name: string, code: string): TaskCase => fails(name, `() => { ${code} return 1; }`, broken);
const changes = (name: string, code: string): TaskCase => succeeds(name, `() => { ${code} return 1; }`, { value: 1 });

/** Tasks that flood, forge, or spoil what they share with the next attempt. Rows 49, 51, 55. */
export const surroundings: readonly TaskCase[] = [
  ...inRow(
    51,
    [
      succeeds(
        "a flood of output",
        `() => { spawnSync("sh", ["-c", "yes | head -c 100000000"], { stdio: ["ignore", "inherit", "inherit"] }); console.log("after"); }`,
        { log: /reached its limit/ },
      ),
      succeeds(
        "a line of fifty megabytes",
        `() => { spawnSync("head", ["-c", "50000000", "/dev/zero"], { stdio: ["ignore", "inherit", "inherit"] }); }`,
        { log: /more bytes\)$/ },
      ),
      succeeds("binary output", "() => { process.stdout.write(Buffer.from([0xff, 0xfe, 0, 27, 10])); }", {
        log: /\ufffd/,
      }),
      succeeds(
        "ANSI and script",
        `() => { console.log("\\u001b[2J\\u001b]0;title\\u0007<script>alert(1)</script>"); }`,
        { log: /<script>alert/ },
      ),
      succeeds("a flood of records", "() => { for (let i = 0; i < 100_000; i++) console.log('record ' + i); }", {
        log: /reached its limit/,
      }),
      succeeds("a flood of empty lines", "() => { for (let i = 0; i < 100_000; i++) console.log(''); }", {
        log: /reached its limit/,
      }),
      succeeds("a record of ten megabytes", "() => { console.log('r'.repeat(1e7)); }", { log: /more bytes\)/ }),
      succeeds(
        "fields that cannot be shown",
        "() => { context().log.info('x', { get a() { throw new Error('got'); } } as never); }",
      ),
      succeeds(
        "a value whose inspection throws",
        "() => { console.log({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('inspected'); } }); }",
        { log: /cannot be shown|inspected/ },
      ),
      succeeds(
        "what looks like an outcome, on stdout",
        `() => { console.log(JSON.stringify({ kind: "outcome", outcome: { kind: "failed" } })); return 1; }`,
        { value: 1 },
      ),
      succeeds(
        "groups without end",
        "() => { for (let i = 0; i < 2_000; i++) console.group('g'); console.log('deep'); }",
        { log: /deep/ },
      ),
      succeeds("output after the end", "() => { setTimeout(() => process.stdout.write('late\\n'), 1); return 1; }", {
        value: 1,
      }),
      succeeds(
        "a flood from a process that lives on",
        `() => { spawn("yes", { stdio: ["ignore", "inherit", "inherit"], detached: true }).unref(); return 1; }`,
        { value: 1 },
      ),
    ],
    { options: "timeout: 60" },
  ),
  ...inRow(55, [
    fails("junk on the channel", "() => { writeSync(4, Buffer.alloc(64, 255)); return never(); }", broken),
    fails(
      "a frame that is no message",
      "() => { writeSync(4, Buffer.from([5, 0, 0, 0, 1, 0, 0, 0, 0])); return never(); }",
      broken,
    ),
    fails("a message that is null", `() => { ${forged("null")} return never(); }`, broken),
    fails("a message of an unknown kind", `() => { ${forged("{ kind: 'promote' }")} return never(); }`, broken),
    fails(
      "an outcome that is none",
      `() => { ${forged("{ kind: 'outcome', outcome: { kind: 'promoted' }, xcoms: [] }")} return never(); }`,
      broken,
    ),
    fails("an outcome without anything", `() => { ${forged("{ kind: 'outcome' }")} return never(); }`, broken),
    fails(
      "an outcome whose values are text",
      `() => { ${forged("{ kind: 'outcome', outcome: { kind: 'succeeded' }, xcoms: [{ key: 7, value: 'x' }] }")} return never(); }`,
      broken,
    ),
    fails(
      "a request that is none",
      `() => { ${forged("{ kind: 'request', id: 1, call: 'dropTables', args: [] }")} return never(); }`,
      broken,
    ),
    fails(
      "a request with arguments that are none",
      `() => { ${forged("{ kind: 'request', id: 1, call: 'pullXCom', args: 'x' }")} return never(); }`,
      broken,
    ),
    fails(
      "a log record that is none",
      `() => { ${forged("{ kind: 'log', record: { msg: 7 } }")} return never(); }`,
      broken,
    ),
    fails("a log record that is null", `() => { ${forged("{ kind: 'log', record: null }")} return never(); }`, broken),
    fails(
      "an idle that is none",
      `() => { ${forged("{ kind: 'idle', dirty: 'x', spawned: 1 }")} return never(); }`,
      broken,
    ),
    succeeds(
      "an idle in the middle",
      `async () => { ${forged("{ kind: 'idle', dirty: [], spawned: false, rssBytes: 1 }")} await wait(50); return 1; }`,
      { value: 1 },
    ),
    fails(
      "a forged success: as good as a real one",
      `() => { ${forged("{ kind: 'outcome', outcome: { kind: 'failed', error: { kind: 'error', name: 'Forged', message: 'by hand', stack: null, location: null }, retry: false }, xcoms: [] }")} return never(); }`,
      { message: /by hand/ },
    ),
    fails("a closed channel", "() => { closeSync(4); return never(); }", {}),
    fails("a closed ear", "() => { closeSync(3); return never(); }", {}),
    fails(
      "every descriptor closed",
      "() => { for (let fd = 0; fd < 64; fd++) try { closeSync(fd); } catch {} return never(); }",
      {},
    ),
  ]),
  ...inRow(54, [
    changes("a changed Object.prototype", "(Object.prototype as any).polluted = 1;"),
    changesTools("a changed Array.prototype", "Array.prototype.map = function () { return []; } as never;"),
    changesTools("a changed Array iterator", "Array.prototype[Symbol.iterator] = function* () {} as never;"),
    changes("a changed String.prototype", "String.prototype.slice = () => 'evil';"),
    changesTools("a JSON that lies", "JSON.stringify = () => '{}'; JSON.parse = () => ({});"),
    changes("a Promise that is another", "globalThis.Promise = class extends Promise<unknown> {} as never;"),
    changes("a Map that forgets", "Map.prototype.get = () => undefined;"),
    changes("a Date that stands still", "Date.now = () => 0;"),
    changes("chance that is none", "Math.random = () => 0.5;"),
    changes("an exit that does nothing", "process.exit = (() => undefined) as never;"),
    changes("a kill that does nothing", "process.kill = (() => true) as never;"),
    changes("a memoryUsage that throws", "process.memoryUsage = (() => { throw new Error('no'); }) as never;"),
    changes("a send that does nothing", "Buffer.concat = (() => Buffer.alloc(0)) as never;"),
    changesTools("an encoder that lies", "TextEncoder.prototype.encode = () => new Uint8Array(0);"),
    changes(
      "a clock of timers that never fire",
      "globalThis.setTimeout = (() => 0) as never; globalThis.setImmediate = (() => 0) as never;",
    ),
    changes("another working folder", "process.chdir('/');"),
    changes("another environment", "process.env.LEFT = '1'; delete process.env.PATH;"),
    changes("another umask", "process.umask(0o777);"),
    changes(
      "listeners for everything",
      "for (const e of ['SIGTERM', 'exit', 'beforeExit', 'uncaughtException']) process.on(e, () => {});",
    ),
    changes("a new global", "(globalThis as any).leaked = 1;"),
    changes(
      "airloom's modules changed",
      "try { (globalThis as any)[Symbol.for('airloom.modules')].airloom.task = null; } catch {}",
    ),
    changes(
      "its own code deleted",
      "rmSync(import.meta.url.slice(7, import.meta.url.lastIndexOf('/')), { recursive: true, force: true });",
    ),
  ]),
  ...inRow(49, [
    {
      ...fails(
        "a fork bomb",
        "() => { const bomb = () => { exec('sleep 1'); setImmediate(bomb); }; bomb(); return never(); }",
        {},
      ),
      notRun:
        "tasks run under the worker's own user: without a user of their own there is no limit of processes that would spare the machine",
    },
  ]),
];
