import { setTimeout as sleep } from "node:timers/promises";
import type { HintTopic } from "@airloom/store";
import pg from "pg";

/** One channel for all topics; the topic is the payload. */
const channel = "airloom_hint";
/** With the time-out below it a dead connection is known within 15 s. */
const pingEveryMs = 8_000;
const pingTimeoutMs = 5_000;
const endTimeoutMs = 1_000;
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** The connection that carries hints between processes. It never shares one with transactions: a NOTIFY in them makes their commits wait for each other. */
export interface HintConnection {
  /** Lost while there is no connection: hints may be. */
  notify(topic: HintTopic): void;
  close(): Promise<void>;
}

export interface HintConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** A hint of another process. */
  readonly onHint: (topic: HintTopic) => void;
  /** Connected again after a break: hints may have been missed. */
  readonly onReconnect: () => void;
}

/** Opens it in the background and keeps it open: pings it, and connects again with growing pauses when it breaks. */
export function openHintConnection(options: HintConnectionOptions): HintConnection {
  const stop = new AbortController();
  let client: pg.Client | undefined;
  const waiting = new Set<HintTopic>();

  const send = (topic: HintTopic): Promise<unknown> | undefined =>
    client?.query("select pg_notify($1, $2)", [channel, topic]).catch(() => {});

  const serve = async (isFirst: boolean): Promise<void> => {
    const next = await connectListener(options);
    const ended = new Promise<void>((resolve) => next.once("end", () => resolve()));
    client = next;
    try {
      if (!isFirst) options.onReconnect();
      for (const topic of waiting) void send(topic);
      waiting.clear();
      await pingUntilEnd(next, ended, stop.signal);
    } finally {
      client = undefined;
      await endOf(next);
    }
  };

  const loop = async (): Promise<void> => {
    let pause = firstPauseMs;
    for (let isFirst = true; !stop.signal.aborted; isFirst = false) {
      const connectedAt = performance.now();
      await serve(isFirst).catch(() => {});
      if (performance.now() - connectedAt > longestPauseMs) pause = firstPauseMs;
      await sleep(pause * (0.5 + Math.random()), undefined, { signal: stop.signal, ref: false }).catch(() => {});
      pause = Math.min(pause * 2, longestPauseMs);
    }
  };
  const running = loop();

  return {
    notify: (topic) => {
      if (client) void send(topic);
      else waiting.add(topic);
    },
    close: async () => {
      stop.abort();
      await running;
    },
  };
}

async function connectListener({ url, applicationName, onHint }: HintConnectionOptions): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `${applicationName} hints`,
    connectionTimeoutMillis: pingTimeoutMs,
    query_timeout: pingTimeoutMs,
    pipeline: true,
    keepAlive: true,
  });
  client.on("error", () => {});
  client.on("notification", ({ processId, payload }) => {
    // What this process said has reached its own listeners already.
    if (payload && processId !== ownPid(client)) onHint(payload as HintTopic);
  });
  try {
    await client.connect();
    await client.query(`listen ${channel}`);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/** A side that is gone in silence never says that it has ended: it is not waited for. */
async function endOf(client: pg.Client): Promise<void> {
  const over = new AbortController();
  const late = sleep(endTimeoutMs, undefined, { signal: over.signal, ref: false }).catch(() => {});
  await Promise.race([client.end().catch(() => {}), late]);
  over.abort();
  (client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }).connection.stream.destroy();
}

/** The server process of a connection, which the driver keeps but its types do not show. */
const ownPid = (client: pg.Client): number | null =>
  (client as unknown as { readonly processID: number | null }).processID;

/** A network that went away says nothing: without a ping the end would never be seen. */
async function pingUntilEnd(client: pg.Client, ended: Promise<void>, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  while (!signal.aborted) {
    const timer = new AbortController();
    const tick = sleep(pingEveryMs, "ping" as const, { signal: timer.signal, ref: false }).catch(() => "over" as const);
    const next = await Promise.race([tick, ended.then(() => "over" as const), stopped.then(() => "over" as const)]);
    timer.abort();
    if (next === "over") return;
    await client.query("select 1");
  }
}
