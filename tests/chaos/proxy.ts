import { connect, createServer, type Socket } from "node:net";

/** What a proxy does to the bytes between a client and a server. */
export type ProxyMode =
  | { readonly kind: "pass" }
  /** Each piece of the answer comes so much later, in order. */
  | { readonly kind: "delay"; readonly ms: number }
  /** So many bytes a second, each way. */
  | { readonly kind: "throttle"; readonly bytesPerSecond: number }
  /** Every connection is reset, those that are open at once. */
  | { readonly kind: "rst" }
  /** Nothing comes through and nobody is told. `open`: only the connections that are open now, new ones pass: half-open. */
  | { readonly kind: "blackhole"; readonly only?: "open" }
  /** A connection is reset in the middle of an answer. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** A request that is chosen reaches the server and is done; its answer is lost, and the connection with it. */
  | {
      readonly kind: "lose-reply";
      /** Chooses by the client's bytes, and may count. */
      readonly choose: (request: Buffer) => boolean;
      /** Whether these bytes of the server are the answer: then it is done. @default any */
      readonly isAnswer?: (reply: Buffer) => boolean;
    };

/** A proxy before one server, whose faults are switched while it runs. */
export interface TcpProxy {
  readonly port: number;
  mode(next: ProxyMode): void;
  /** Lets everything pass again. Connections that were cut off in silence are reset: their bytes are lost. */
  heal(): void;
  /** Connections that are open. */
  connections(): number;
  /** How many answers were lost, how many connections reset. */
  counts(): { readonly lost: number; readonly reset: number };
  stop(): Promise<void>;
}

export type Upstream = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * Starts a proxy on a free port of 127.0.0.1.
 * @example const proxy = await startProxy({ path: "/tmp/.s.PGSQL.5432" }); proxy.mode({ kind: "delay", ms: 2_000 });
 */
export async function startProxy(upstream: Upstream): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  const state: ProxyState = { mode: { kind: "pass" }, lost: 0, reset: 0 };
  const server = createServer({ allowHalfOpen: false, noDelay: true }, (client) => {
    if (state.mode.kind === "rst") {
      state.reset += 1;
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, connect(upstream), state);
    pairs.add(pair);
    pair.onEnd = () => pairs.delete(pair);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    mode: (next) => {
      state.mode = next;
      for (const pair of pairs) pair.modeChanged();
    },
    heal: () => {
      state.mode = { kind: "pass" };
      for (const pair of pairs) pair.healed();
    },
    connections: () => pairs.size,
    counts: () => ({ lost: state.lost, reset: state.reset }),
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const pair of pairs) pair.reset();
      await closed;
    },
  };
}

interface ProxyState {
  mode: ProxyMode;
  lost: number;
  reset: number;
}

/** One client's connection and the one to the server that belongs to it. */
class Pair {
  onEnd: () => void = () => {};
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #state: ProxyState;
  /** Was cut off in silence: what came since is lost, so that it cannot go on. */
  #isDark = false;
  #isChosen = false;
  #answered = 0;
  /** Keeps the order of pieces that wait. */
  readonly #waiting = { up: Promise.resolve(), down: Promise.resolve() };

  constructor(client: Socket, server: Socket, state: ProxyState) {
    this.#client = client;
    this.#server = server;
    this.#state = state;
    if (state.mode.kind === "blackhole" && !state.mode.only) this.#isDark = true;
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on("data", (bytes) => this.#up(bytes));
    server.on("data", (bytes) => this.#down(bytes));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on("error", () => {});
      one.once("end", () => this.#after(() => other.end()));
      one.once("close", () => this.#after(() => this.#close()));
    }
  }

  modeChanged(): void {
    const { mode } = this.#state;
    if (mode.kind === "rst") this.reset();
    if (mode.kind === "blackhole") this.#isDark = true;
    if (mode.kind === "cut") this.#answered = 0;
  }

  healed(): void {
    if (this.#isDark) this.reset();
  }

  reset(): void {
    this.#state.reset += 1;
    this.#isDark = false;
    this.#client.resetAndDestroy();
    this.#server.destroy();
    this.onEnd();
  }

  /** The end of a side is told after the bytes before it, and not at all in the dark. */
  #after(act: () => void): void {
    if (this.#isDark && this.#state.mode.kind === "blackhole") return;
    void Promise.all([this.#waiting.up, this.#waiting.down]).then(act);
  }

  #close(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.onEnd();
  }

  #up(bytes: Buffer): void {
    if (this.#isDark) return;
    const { mode } = this.#state;
    if (mode.kind === "lose-reply" && !this.#isChosen && mode.choose(bytes)) this.#isChosen = true;
    this.#pass("up", bytes);
  }

  #down(bytes: Buffer): void {
    if (this.#isDark) return;
    const { mode } = this.#state;
    if (this.#isChosen) {
      const isAnswer = mode.kind === "lose-reply" ? (mode.isAnswer ?? (() => true)) : () => true;
      if (!isAnswer(bytes)) return;
      this.#state.lost += 1;
      this.reset();
      return;
    }
    if (mode.kind === "cut" && this.#answered + bytes.length > mode.afterBytes) {
      this.#client.write(bytes.subarray(0, mode.afterBytes - this.#answered));
      setTimeout(() => this.reset(), 5);
      return;
    }
    this.#answered += bytes.length;
    this.#pass("down", bytes);
  }

  #pass(way: "up" | "down", bytes: Buffer): void {
    const { mode } = this.#state;
    const target = way === "up" ? this.#server : this.#client;
    const source = way === "up" ? this.#client : this.#server;
    const ms =
      mode.kind === "delay" && way === "down"
        ? mode.ms
        : mode.kind === "throttle"
          ? (bytes.length / mode.bytesPerSecond) * 1_000
          : 0;
    const due = performance.now() + ms;
    // A slow way takes its pieces one after the other; a far one has many under way.
    const begin = (): number => (mode.kind === "throttle" ? ms : due - performance.now());
    if (mode.kind === "throttle") source.pause();
    this.#waiting[way] = this.#waiting[way].then(async () => {
      const left = begin();
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
      if (mode.kind === "throttle") source.resume();
      if (!this.#isDark && target.writable) target.write(bytes);
    });
  }
}
