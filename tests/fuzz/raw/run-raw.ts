import { setTimeout as pause } from "node:timers/promises";
import { createRandom } from "../random.ts";
import type { World } from "../world.ts";
import { plainRequest, type RawCase, rawCases } from "./raw-cases.ts";
import { openSocket, type RawAnswer, sendRaw } from "./raw-socket.ts";

export interface RawReport {
  /** Sent as they were. */
  readonly requests: number;
  readonly findings: readonly { readonly title: string; readonly what: string; readonly answer: string }[];
  /** Longest that another client waited for an answer meanwhile, ms. */
  readonly neighbourMs: number;
  /** When the server closed what never became a request, ms; null when that was not waited for. */
  readonly idleClosedMs: number | null;
}

export interface RawBudget {
  readonly seed: number;
  /** Requests with spoiled bytes. */
  readonly spoiled: number;
  readonly idleConnections: number;
  /** Waits until slow and idle connections have been closed. */
  readonly waitsForClose: boolean;
  readonly tell: (line: string) => void;
}

/** Slowest answer another client may get meanwhile, ms: on a busy machine. */
const neighbourPatienceMs = 3_000;

export async function runRaw(world: World, budget: RawBudget): Promise<RawReport> {
  const findings: { title: string; what: string; answer: string }[] = [];
  const add = (title: string, what: string, answer = ""): void => {
    findings.push({ title, what, answer: answer.slice(0, 300) });
    budget.tell(`${title}: ${what}`);
  };
  const neighbour = watchNeighbour(world);
  const idle = hold(world, budget.idleConnections);
  const all = [...rawCases, ...spoiledCases(budget)];
  await inTurns(all, async (one) => {
    const halfClose = one.halfClose ?? false;
    const answer = await sendRaw(world, one.bytes, { withinMs: 5_000, quietMs: 300, halfClose });
    const what = judge(one, answer);
    if (what !== null) add(one.title, what, answer.text);
  });
  await abortions(world);
  const idleClosedMs = budget.waitsForClose ? await idle.closed(40_000) : null;
  if (budget.waitsForClose && idleClosedMs === null) add("idle connections", "they were not closed within 40 s");
  idle.release();
  const neighbourMs = await neighbour.stop();
  if (neighbourMs > neighbourPatienceMs) add("a neighbour", `waited ${Math.round(neighbourMs)} ms`);
  return { requests: all.length, findings, neighbourMs: Math.round(neighbourMs), idleClosedMs };
}

function judge(one: RawCase, { statuses, text, isClosed, milliseconds }: RawAnswer): string | null {
  if (text.includes("/smuggled")) return "a request in a body was answered";
  if (statuses.some((status) => status >= 500 || status === 101)) return `status ${statuses.join(", ")}`;
  if (statuses.length > (one.answers ?? 1)) return `${statuses.length} answers`;
  if (statuses.length === 0 && !isClosed) return `neither answered nor closed in ${Math.round(milliseconds)} ms`;
  if (one.expect === "answered" && statuses.length === 0) return "closed without an answer";
  const [first] = statuses;
  if (one.expect === "refused" && first !== undefined && first < 400) return `answered with ${first}`;
  return null;
}

function spoiledCases({ seed, spoiled }: RawBudget): readonly RawCase[] {
  return Array.from({ length: spoiled }, (_, index) => {
    const random = createRandom(seed, "raw", index);
    const bytes = Buffer.from(plainRequest, "latin1");
    for (let times = random.between(1, 6); times > 0; times--)
      bytes[random.between(0, bytes.length - 1)] = random.percent(50)
        ? random.pick([0, 10, 13, 32, 58, 255])
        : random.between(0, 255);
    // Cut here and there; a server that waits for the rest must hear of the end.
    const length = random.percent(30) ? random.between(0, bytes.length) : bytes.length;
    const text = bytes.subarray(0, length).toString("latin1");
    return { title: `spoiled ${index}`, bytes: text, expect: "anything" as const, answers: 3, halfClose: true };
  });
}

async function inTurns(cases: readonly RawCase[], act: (one: RawCase) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let one = cases[next++]; one; one = cases[next++]) await act(one);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}

/** A client that does nothing odd, and how long it waits at most. */
function watchNeighbour(world: World) {
  let isOver = false;
  let longest = 0;
  const watching = (async () => {
    while (!isOver) {
      const start = performance.now();
      await (await fetch(`${world.project.url}/api/v2/version`)).text();
      longest = Math.max(longest, performance.now() - start);
      await pause(50);
    }
  })();
  return {
    stop: async (): Promise<number> => {
      isOver = true;
      await watching;
      return longest;
    },
  };
}

/** Connections that say nothing, and one each that says its head, and its body, a byte at a time. */
function hold(world: World, count: number) {
  const start = performance.now();
  const sockets = Array.from({ length: count }, () => openSocket(world));
  const slow = [openSocket(world), openSocket(world)];
  slow[1]?.write(
    "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
  );
  const drip = setInterval(() => {
    slow[0]?.write("G");
    slow[1]?.write(" ");
  }, 1_000);
  const ends = [...sockets, ...slow.slice(0, 1)].map(
    (socket) =>
      new Promise<void>((resolve) => {
        socket.resume();
        socket.once("end", resolve);
        socket.once("close", resolve);
      }),
  );
  return {
    closed: async (withinMs: number): Promise<number | null> => {
      const all = Promise.all(ends).then(() => Math.round(performance.now() - start));
      return Promise.race([all, pause(withinMs, null)]);
    },
    release: (): void => {
      clearInterval(drip);
      for (const socket of [...sockets, ...slow]) socket.destroy();
    },
  };
}

/** Clients that go away: before, in and after a request, and while they are answered. */
async function abortions(world: World): Promise<void> {
  const token = world.tokens.admin;
  const parts = [
    "GET /api/v2/ver",
    `GET /api/v2/dags HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    `POST /api/v2/variables HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"key":`,
    `GET /api/v2/dags/shapes/dagRuns/ended_1/wait?interval=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(5),
  ];
  for (let round = 0; round < 20; round++)
    await Promise.all(
      parts.map(async (part) => {
        const socket = openSocket(world);
        await new Promise<void>((resolve) => socket.once("connect", resolve));
        socket.write(part);
        await pause(round);
        socket.resetAndDestroy();
      }),
    );
}
