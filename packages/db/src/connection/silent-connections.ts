import { performance } from "node:perf_hooks";
import pg from "pg";

/** Milliseconds. */
export interface SilenceTerms {
  /** Nothing heard for so long while an answer is due: PostgreSQL is asked whether it still works on it. @default 5000 */
  readonly askAfterMs?: number;
  /** Nothing heard for so long, and PostgreSQL cannot be asked: the connection is given up. @default 12000 */
  readonly giveUpAfterMs?: number;
}

interface Watched {
  readonly client: pg.Client;
  readonly socket: Socket;
  /** Answers that are due. */
  due: number;
  heardAt: number;
  asking: boolean;
}

/** The parts of pg's client that its types do not show. */
interface Insides {
  readonly processID: number | null;
  readonly connection: { readonly stream: Socket; on(event: "readyForQuery", listener: () => void): void };
  query(...args: readonly unknown[]): unknown;
}

interface Socket {
  destroy(error: Error): void;
}

const probeMs = 3_000;

/**
 * Finds connections whose other end is gone without a word (a cable, a gateway that forgot them, a machine that lost its power): TCP
 * alone would notice after many minutes, and whoever waits for an answer would wait as long. A statement may rightly be silent for long,
 * so silence is only a reason to ask PostgreSQL, over a new connection, what the old one's server process does: one that waits for us
 * while we wait for it is lost. Then the connections that are idle are closed too: they went the same way.
 * @returns what watches a connection from its start.
 */
export function watchSilence(url: string, terms: SilenceTerms = {}): (client: pg.ClientBase) => void {
  const { askAfterMs = 5_000, giveUpAfterMs = 12_000 } = terms;
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    const now = performance.now();
    for (const one of watched) {
      const silentMs = now - one.heardAt;
      if (one.due === 0 || one.asking || silentMs < askAfterMs) continue;
      const { heardAt } = one;
      one.asking = true;
      void isLost(url, one, silentMs >= giveUpAfterMs).then((lost) => {
        one.asking = false;
        // A process that was frozen hears the answer only now.
        if (lost && one.due > 0 && one.heardAt === heardAt) drop(one);
      });
    }
  };

  const drop = (lost: Watched): void => {
    const now = performance.now();
    for (const one of watched)
      if (one === lost || (one.due === 0 && now - one.heardAt > 1_000))
        one.socket.destroy(new Error("Connection terminated: the other end was silent"));
  };

  return (client) => {
    const insides = client as unknown as Insides;
    const one: Watched = {
      client: client as pg.Client,
      socket: insides.connection.stream,
      due: 0,
      heardAt: performance.now(),
      asking: false,
    };
    countAnswers(one, insides);
    watched.add(one);
    timer ??= setInterval(look, askAfterMs / 5).unref();
    client.once("end", () => {
      watched.delete(one);
      if (watched.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
  };
}

/** Each query is answered by one ReadyForQuery, in order. */
function countAnswers(one: Watched, insides: Insides): void {
  const query = insides.query.bind(insides);
  insides.query = (...args) => {
    if (one.due === 0) one.heardAt = performance.now();
    one.due += 1;
    return query(...args);
  };
  insides.connection.on("readyForQuery", () => {
    one.heardAt = performance.now();
    if (one.due > 0) one.due -= 1;
  });
}

const question = `
  select
    exists (select from pg_stat_activity where pid = pg_backend_pid()) and pg_backend_pid() = $2 as direct,
    (select wait_event = 'ClientRead' and clock_timestamp() - state_change > interval '2 seconds'
      from pg_stat_activity where pid = $1) as waits`;

interface Answer {
  /** No pooler in between: process numbers are PostgreSQL's own. */
  readonly direct: boolean;
  /** Null when there is no such process. */
  readonly waits: boolean | null;
}

/** @param otherwise what is believed when PostgreSQL cannot be asked. */
async function isLost(url: string, { client }: Watched, otherwise: boolean): Promise<boolean> {
  const probe = new pg.Client({ connectionString: url, connectionTimeoutMillis: probeMs, query_timeout: probeMs });
  probe.on("error", () => {});
  const own = (of: pg.Client): number | null => (of as unknown as Insides).processID;
  try {
    await probe.connect();
    const { rows } = await probe.query<Answer>(question, [own(client), own(probe)]);
    const answer = rows[0];
    if (!answer?.direct) return otherwise;
    return answer.waits ?? true;
  } catch {
    return otherwise;
  } finally {
    void probe.end().catch(() => {});
  }
}
