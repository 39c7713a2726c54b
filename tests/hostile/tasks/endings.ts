import { fails, inRow, succeeds, type TaskCase } from "./task-case.ts";

const ends = (name: string, code: string, told: { signal?: string; exitCode?: number }): TaskCase =>
  fails(name, code, { kind: told.signal ? "signal" : "exit", ...told });

/** Tasks that end otherwise than by returning. Rows 47, 48, 50, 54. */
export const endings: readonly TaskCase[] = [
  ...inRow(54, [
    ends("exit(0) early", "() => process.exit(0)", { exitCode: 0 }),
    ends("exit(1)", "() => process.exit(1)", { exitCode: 1 }),
    ends("exit(250)", "() => process.exit(250)", { exitCode: 250 }),
    ends("reallyExit", "() => (process as any).reallyExit(0)", { exitCode: 0 }),
    ends("exit in a timer", "() => { setTimeout(() => process.exit(3), 5); return never(); }", { exitCode: 3 }),
    ends("abort", "() => process.abort()", { signal: "SIGABRT" }),
    ends("SIGKILL to itself", "() => { process.kill(process.pid, 'SIGKILL'); return never(); }", { signal: "SIGKILL" }),
    ends("SIGSEGV to itself", "() => { process.kill(process.pid, 'SIGSEGV'); return never(); }", { signal: "SIGSEGV" }),
    ends("SIGTERM to its group", "() => { process.kill(0, 'SIGTERM'); return never(); }", { signal: "SIGTERM" }),
    ends("SIGILL to itself", "() => { process.kill(process.pid, 'SIGILL'); return never(); }", { signal: "SIGILL" }),
    fails("an unhandled rejection", "() => { void Promise.reject(new Error('unheard')); return never(); }", {
      kind: "error",
      message: /unheard/,
      hasPlace: true,
    }),
    fails("a throw in a timer", "() => { setTimeout(() => { throw new Error('ticked'); }, 1); return never(); }", {
      kind: "error",
      message: /ticked/,
      hasPlace: true,
    }),
    fails("a promise that never settles", "never", { kind: "timeout", message: /timeout/ }),
    fails("a promise that never settles, with nothing else", "() => new Promise(() => {})", {
      kind: "timeout",
      message: /timeout/,
    }),
    fails("a throw of null", "() => { throw null; }", { kind: "error", message: /null/ }),
    fails("a throw of undefined", "() => { throw undefined; }", { kind: "error", message: /undefined/ }),
    fails("a throw of text", "() => { throw 'just text'; }", { kind: "error", message: /just text/ }),
    fails("a throw of a symbol", "() => { throw Symbol('sign'); }", { kind: "error", message: /sign/ }),
    fails("a throw of a function", "() => { throw () => 7; }", { kind: "error" }),
    fails("a throw of a frozen error", "() => { throw Object.freeze(new Error('cold')); }", {
      kind: "error",
      message: /cold/,
      hasPlace: true,
    }),
    fails(
      "a throw of an error whose message throws",
      "() => { const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw new Error('inner'); } }); throw e; }",
      { kind: "error" },
    ),
    fails(
      "a throw of an error whose name is an object",
      "() => { const e = new Error('named'); Object.defineProperty(e, 'name', { value: {} }); throw e; }",
      { kind: "error" },
    ),
    fails("a cyclic cause", "() => { const e: any = new Error('round'); e.cause = e; throw e; }", {
      kind: "error",
      message: /round/,
      hasPlace: true,
    }),
    fails("a throw of a revoked proxy", "() => { const p = Proxy.revocable({}, {}); p.revoke(); throw p.proxy; }", {
      kind: "error",
    }),
    fails("a message of five megabytes", "() => { throw new Error('m'.repeat(5e6)); }", {
      kind: "error",
      message: /^m{100}/,
      hasPlace: true,
    }),
    fails(
      "a rejected thenable",
      "() => ({ then: (_: unknown, no: (e: unknown) => void) => no(new Error('refused')) })",
      { kind: "error", message: /refused/ },
    ),
    fails("deep recursion", "() => { const f = (): number => 1 + f(); return f(); }", {
      kind: "error",
      message: /Maximum call stack/,
    }),
    fails("fail()", "() => fail('forbidden')", { kind: "error", message: /forbidden/ }),
    {
      ...succeeds("skip()", "() => skip('nothing to do')"),
      expected: { state: "skipped", log: /Skipped: nothing to do/ },
    },
    fails(
      "no listener for errors",
      "() => { process.removeAllListeners('unhandledRejection'); process.removeAllListeners('uncaughtException'); void Promise.reject(new Error('unheard')); return never(); }",
      {},
    ),
    succeeds("a handled rejection", "() => { Promise.reject(new Error('heard')).catch(() => {}); return 1; }", {
      value: 1,
    }),
    succeeds("a timer left alive", "() => { setInterval(() => {}, 10); return 1; }", { value: 1 }),
    succeeds("an exit code that nobody asked for", "() => { process.exitCode = 9; return 1; }", { value: 1 }),
    succeeds(
      "a rejection after the end",
      "() => { setTimeout(() => void Promise.reject(new Error('late')), 1); return 1; }",
      { value: 1 },
    ),
    succeeds("an exit after the end", "() => { setTimeout(() => process.exit(1), 1).unref(); return 1; }", {
      value: 1,
    }),
  ]),
  ...inRow(
    47,
    [
      fails("a loop for three leases", "() => { for (;;); }", { kind: "timeout" }),
      fails("microtasks without end", "async () => { for (;;) await null; }", { kind: "timeout" }),
      fails("a regular expression that never ends", `() => /^(a+)+$/.test("a".repeat(40) + "b")`, { kind: "timeout" }),
      fails("a synchronous sleep", "() => execSync('sleep 1000')", { kind: "timeout" }),
      fails("a wait on shared memory", "() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", {
        kind: "timeout",
      }),
      succeeds(
        "a loop for two leases, then a result",
        "() => { for (const end = Date.now() + 4_000; Date.now() < end;); return 1; }",
        { value: 1 },
      ),
    ],
    { options: "timeout: 6" },
  ),
  ...inRow(
    48,
    [
      fails("objects without end", "() => { const l: object[] = []; for (let i = 0; ; i++) l.push({ i, a: [i] }); }", {
        kind: "out_of_memory",
      }),
      fails("lists without end", "() => { const l: unknown[] = []; for (;;) l.push(new Array(1e5).fill(l.length)); }", {
        kind: "out_of_memory",
      }),
      fails(
        "strings without end",
        "() => { const l: string[] = []; for (let i = 0; ; i++) l.push(String(i).repeat(1e5).split('').join('x')); }",
        { kind: "out_of_memory" },
      ),
      fails("a list longer than lists may be", "() => new Array(2 ** 32)", {
        kind: "error",
        message: /Invalid array length/,
      }),
      fails(
        "a leak of fifty megabytes a second",
        "async () => { const l: unknown[] = []; for (;;) { l.push(new Array(6e5).fill(l.length)); await wait(100); } }",
        { kind: "out_of_memory" },
      ),
    ],
    { options: "timeout: 60", isHeavy: true },
  ),
  ...inRow(50, [
    fails("one that ignores SIGTERM", "() => { process.on('SIGTERM', () => {}); return never(); }", {
      kind: "timeout",
    }),
    fails(
      "one that ignores its signal, with a child that ignores SIGTERM",
      `() => { spawn("sh", ["-c", "trap '' TERM; sleep 1000 & wait"], { stdio: "ignore" }); return never(); }`,
      { kind: "timeout" },
    ),
    succeeds(
      "a detached grandchild",
      `() => { spawn("sleep", ["1000"], { stdio: "ignore", detached: true }).unref(); return 1; }`,
      { value: 1 },
    ),
    succeeds(
      "a grandchild in a session of its own, without an environment",
      `() => { spawn("setsid", ["sh", "-c", "sleep 1000 & sleep 1000"], { stdio: "ignore", detached: true, env: {} }).unref(); return 1; }`,
      { value: 1 },
    ),
    fails(
      "a grandchild that holds the output",
      `() => { spawn("sleep", ["1000"], { stdio: "inherit", detached: true }).unref(); process.exit(5); }`,
      { kind: "exit", exitCode: 5 },
    ),
    succeeds("a thread that loops", `() => { new Worker("for (;;);", { eval: true }).unref(); return 1; }`, {
      value: 1,
    }),
    succeeds("a server that listens", "() => { createServer().listen(0); return 1; }", { value: 1 }),
    fails(
      "a grandchild that a killed task leaves",
      `() => { spawn("setsid", ["sleep", "1000"], { stdio: "ignore", detached: true }).unref(); process.kill(process.pid, "SIGKILL"); return never(); }`,
      { kind: "signal", signal: "SIGKILL" },
    ),
  ]),
];
