import { setTimeout as sleep } from "node:timers/promises";
import type { Tx } from "@airloom/store";
import type pg from "pg";
import { createTx } from "../verbs.ts";
import { afterCommit, beforeCommit } from "./commit-failpoints.ts";
import { asAirloomError, isAftermath, isConnectionLoss, isOfServer, isTransient } from "./database-error.ts";
import { clockNow, type Sql, type Statement } from "./sql.ts";
import { type Answer, StatementGroup } from "./statement-group.ts";

const begin: Statement = { name: "begin", text: "begin isolation level read committed" };
const readClock: Statement = { name: "clock.read", text: `select ${clockNow} as "now"` };
const commit: Statement = { name: "commit", text: "commit" };

/** Tries of a transaction that PostgreSQL undid as the victim of a deadlock. */
const maxTries = 8;

/** Runs `fn` in a transaction on a connection of the pool; see `Store.tx`. */
export async function runTransaction<T>(pool: pg.Pool, fn: (tx: Tx) => Promise<T>): Promise<T> {
  for (let tryNumber = 1; ; tryNumber += 1) {
    try {
      return await tryTransaction(pool, fn);
    } catch (error) {
      if (!isTransient(error) || tryNumber === maxTries) throw error;
      // The others of the deadlock go first; without jitter two victims would meet again.
      await sleep(Math.random() * 10 * tryNumber);
    }
  }
}

async function tryTransaction<T>(pool: pg.Pool, fn: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error) => {
    throw asAirloomError(error, "undone");
  });
  const session = new Session(client);
  let committing = false;
  try {
    // Not waited for: the first verb goes out in the same round trip.
    const begun = session.begin();
    begun.catch(() => {});
    const tx = createTx(session, () => session.now);
    const result = await fn(tx);
    await begun;
    if (session.failure !== undefined) throw session.failure;
    if (globalThis.FAILPOINTS) await beforeCommit(tx, client);
    committing = true;
    await session.commit();
    if (globalThis.FAILPOINTS) await afterCommit(tx, client);
    return result;
  } catch (error) {
    throw await session.abandon(error, committing);
  } finally {
    session.release();
  }
}

/** One transaction's hold on a connection. */
class Session implements Sql {
  readonly #client: pg.PoolClient;
  #group: StatementGroup | undefined;
  #over = false;
  #broken: Error | undefined;
  /** The store's clock, once it has answered. */
  now: Date | undefined;
  /** The first error of a statement: the transaction cannot commit after it. */
  failure: unknown;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  /** Reads the store's clock with it. Both answers come before that of the first verb, so that the time is there when it is seen. */
  async begin(): Promise<void> {
    const began = this.#send(begin, []);
    began.catch(() => {});
    const [row] = (await this.#send(readClock, [])).rows as readonly { readonly now: Date }[];
    if (!row) throw new Error("the clock gave no time");
    this.now = row.now;
  }

  async all<Row>(wanted: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return (await this.#send(wanted, values)).rows as readonly Row[];
  }

  async first<Row>(wanted: Statement, values: readonly unknown[]): Promise<Row | null> {
    return ((await this.#send(wanted, values)).rows[0] as Row | undefined) ?? null;
  }

  async run(wanted: Statement, values: readonly unknown[]): Promise<number> {
    return (await this.#send(wanted, values)).rowCount;
  }

  #send(wanted: Statement, values: readonly unknown[]): Promise<Answer> {
    if (this.#over) return Promise.reject(new Error(`${wanted.name} was called after the end of its transaction`));
    const answer = this.#openGroup().add(wanted, values);
    answer.catch((error: unknown) => {
      this.failure ??= error;
    });
    return answer;
  }

  #openGroup(): StatementGroup {
    if (this.#group?.isOpen) return this.#group;
    const group = new StatementGroup();
    this.#group = group;
    this.#client.query(group as unknown as pg.Submittable);
    // Behind all that this turn of the event loop still sends.
    process.nextTick(() => group.close());
    return group;
  }

  /** PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK and without an error; one in a group that failed it passes over. */
  async commit(): Promise<void> {
    const committing = this.#send(commit, []);
    this.#over = true;
    this.#group?.close();
    const { tag } = await committing;
    if (tag !== "COMMIT") throw this.failure ?? new Error("the transaction was rolled back instead of committed");
  }

  /** Undoes the transaction, as far as the connection lives, and returns the error to throw. */
  async abandon(error: unknown, committing: boolean): Promise<unknown> {
    this.#over = true;
    this.#group?.close();
    // What `fn` threw may only be how it noticed; the statement's own error says what happened and whether to try again.
    const cause = this.failure !== undefined && (isOfServer(this.failure) || isAftermath(error)) ? this.failure : error;
    if (isConnectionLoss(cause) || isConnectionLoss(this.failure)) {
      this.#broken = cause instanceof Error ? cause : new Error("connection lost");
      return asAirloomError(cause, committing ? "unknown" : "undone");
    }
    try {
      await this.#client.query("rollback");
    } catch (rollbackError) {
      this.#broken = rollbackError instanceof Error ? rollbackError : new Error("rollback failed");
    }
    return isTransient(cause) ? cause : asAirloomError(cause, "undone");
  }

  release(): void {
    this.#client.release(this.#broken);
  }
}
