/** The one lifecycle of everything that runs. */
export interface Service {
  readonly name: string;
  /** Resolves once it is doing its work. */
  start(): Promise<void>;
  /** Resolves once nothing of it runs. Safe to call twice. */
  stop(reason: string): Promise<void>;
}

/** Waiting, as a port: real timers in a process, virtual ones in a simulation. */
export interface Timers {
  /** Calls back once after `ms`; the returned function forgets it. */
  after(ms: number, callback: () => void): () => void;
}
