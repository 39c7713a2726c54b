import { AirloomError } from "@airloom/core";
import { type ExecutionContract, type ExecutionMethod, executionMethods } from "@airloom/wire";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

/** An API server as others know it: a name that stays, and whoever answers to it now. */
export interface Server {
  readonly name: string;
  process: SimProcess | null;
  execution: ExecutionContract | null;
}

interface Call {
  readonly world: World;
  readonly caller: SimProcess;
  /** Who the caller is whatever its life: partitions are between machines. */
  readonly callerName: string;
  readonly server: Server;
  readonly method: ExecutionMethod;
  readonly args: readonly unknown[];
}

/** The execution contract over a network that loses, delays, doubles and reorders messages. */
export function contractOf(
  world: World,
  caller: SimProcess,
  { callerName, servers }: { readonly callerName: string; readonly servers: readonly Server[] },
): ExecutionContract {
  const contract: Partial<Record<ExecutionMethod, (...args: readonly unknown[]) => Promise<unknown>>> = {};
  const call = (method: ExecutionMethod, args: readonly unknown[], signal?: AbortSignal): Promise<unknown> =>
    send({ world, caller, callerName, server: world.random.pick(servers), method, args }, signal);
  for (const method of executionMethods) contract[method] = (...args) => call(method, args);
  contract.claim = (request, signal) => call("claim", [request], signal as AbortSignal | undefined);
  return contract as unknown as ExecutionContract;
}

const unavailable = (reason: string): AirloomError => new AirloomError("UNAVAILABLE", { reason });

function send(call: Call, signal: AbortSignal | undefined): Promise<unknown> {
  const { world, caller, method, args } = call;
  if (!caller.isAlive) return new Promise(() => undefined);
  return new Promise((resolve, reject) => {
    let isOpen = true;
    const settle = (then: () => void): void => {
      if (!isOpen) return;
      isOpen = false;
      forget();
      signal?.removeEventListener("abort", breakOff);
      then();
    };
    const refuse = (reason: string): void => settle(() => reject(unavailable(`${method}: ${reason}`)));
    const hungUp = method === "claim" ? new AbortController() : null;
    const breakOff = (): void => {
      refuse("the caller stopped waiting");
      travel(call, "hang-up", () => hungUp?.abort());
    };
    const waitMs = method === "claim" ? (args[0] as { readonly waitMs: number }).waitMs : 0;
    const forget = caller.timers.after(world.plan.knobs.timeoutMs + waitMs, () => refuse("no answer in time"));
    signal?.addEventListener("abort", breakOff);
    const answered: Answered = {
      value: (value) => settle(() => resolve(value)),
      error: (error) => settle(() => reject(error)),
      reset: () => refuse("the connection was reset"),
    };
    request(call, hungUp?.signal, answered);
    if (world.strikes("duplicates")) {
      world.count("message delivered twice");
      request(call, hungUp?.signal, { value: () => undefined, error: () => undefined, reset: () => undefined });
    }
  });
}

interface Answered {
  readonly value: (value: unknown) => void;
  readonly error: (error: unknown) => void;
  readonly reset: () => void;
}

function request(call: Call, signal: AbortSignal | undefined, answered: Answered): void {
  const { world, caller, server, method, args } = call;
  const { loop } = world;
  travel(call, `${method}`, () => {
    const { process, execution } = server;
    const reset = (): void =>
      void loop.after(latency(world), { owner: caller, label: `${server.name} resets ${caller.name}` }, answered.reset);
    if (!process?.isAlive || !execution) return reset();
    const read = (): void => {
      process.onEnd(reset);
      const handle = execution[method] as (...given: readonly unknown[]) => Promise<unknown>;
      process.hear(handle(...args, ...(signal ? [signal] : []))).then(
        (value) => reply(call, () => answered.value(value)),
        (error: unknown) => {
          if (method === "finish" && isFenced(error)) world.count("stale finish refused");
          reply(call, () => answered.error(asAnswer(error)));
        },
      );
    };
    // A frozen server's machine takes the message; the server reads it when it goes on.
    if (process.frozenUntil <= loop.now) read();
    else loop.after(0, { owner: process, label: `${server.name} reads ${method} of ${caller.name}` }, read);
  });
}

const isFenced = (error: unknown): boolean => error instanceof AirloomError && error.code === "ATTEMPT_FENCED";

/** What the HTTP layer makes of an error that is not a refusal. */
const asAnswer = (error: unknown): unknown =>
  error instanceof AirloomError ? error : new AirloomError("INTERNAL", { reason: String(error) });

/** From the caller to the server, or nowhere: then the caller waits until its time is up. */
function travel(call: Call, what: string, arrive: () => void): void {
  const { world, caller, callerName, server } = call;
  if (world.cuts.has(`${callerName}>${server.name}`) || world.strikes("lost-messages")) {
    world.count("message lost");
    return;
  }
  world.loop.after(latency(world), { owner: null, label: `${caller.name} > ${server.name} ${what}` }, arrive);
}

function reply(call: Call, arrive: () => void): void {
  const { world, caller, callerName, server, method } = call;
  // The worst moment to fall asleep: with an answer on its way.
  if (world.strikes("freezes") && world.random.chance(0.03)) world.freeze(callerName);
  if (world.cuts.has(`${callerName}>${server.name}`) || world.strikes("lost-replies")) {
    world.count("reply lost");
    world.note(`the reply to ${method} of ${caller.name} is lost`);
    return;
  }
  world.loop.after(
    latency(world),
    { owner: caller, label: `${server.name} answers ${method} of ${caller.name}` },
    arrive,
  );
}

function latency(world: World): number {
  const { messageMs, timeoutMs } = world.plan.knobs;
  if (!world.strikes("delays")) return world.random.between(0, 2 * messageMs);
  world.count("message late");
  return world.random.between(0, 1.5 * timeoutMs);
}
