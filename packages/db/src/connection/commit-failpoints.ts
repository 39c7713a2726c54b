import { commitPointsOf, type FailpointName, failpoint, ReplyLost } from "@airloom/core";
import type pg from "pg";

/** Comes by the failpoints before the commit of a transaction. To lose the reply: COMMIT goes out, and its answer is not read. */
export async function beforeCommit(tx: object, client: pg.ClientBase): Promise<void> {
  for (const name of commitPointsOf(tx)) await before(`${name}.before_commit`, client);
}

/** Comes by those behind it. @throws ReplyLost when who committed must not know that it has. */
export async function afterCommit(tx: object, client: pg.ClientBase): Promise<void> {
  for (const name of commitPointsOf(tx)) await after(`${name}.after_commit`, client);
}

export const beforeStep = (number: number, client: pg.ClientBase): Promise<void> =>
  before(`migrate.step.${number}.before_commit`, client);

export const afterStep = (number: number, client: pg.ClientBase): Promise<void> =>
  after(`migrate.step.${number}.after_commit`, client);

async function before(name: FailpointName, client: pg.ClientBase): Promise<void> {
  // The caller sends COMMIT in this turn of the event loop, an answer is read in the next one.
  if (await failpoint(name)) setImmediate(() => cut(client));
}

async function after(name: FailpointName, client: pg.ClientBase): Promise<void> {
  if (!(await failpoint(name))) return;
  cut(client);
  throw new ReplyLost(name);
}

/** The socket, which the driver keeps but its types do not show. */
const cut = (client: pg.ClientBase): unknown =>
  (
    client as unknown as { readonly connection: { readonly stream: { destroy(): unknown } } }
  ).connection.stream.destroy();
