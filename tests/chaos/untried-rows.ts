import type { UntriedRow } from "./row.ts";

const noRedis = "Airloom has no Redis: PostgreSQL is the queue";
const noTriggerer = "there is no triggerer yet";
const hostileFiles = "the corpus of hostile Dag files tries it: npm run hostile";
const hostileTasks = "the corpus of hostile tasks tries it: npm run hostile";

/** The rows that this command does not try. Whoever builds what a row is about takes it from here. */
export const untriedRows: readonly UntriedRow[] = [
  { row: 6, promise: "a worker that dies at any step of its protocol loses nothing", why: "failpoints try it" },
  { row: 9, promise: "each trigger fires once", why: noTriggerer },
  { row: 15, promise: "a failover that loses commits is survived", why: "the embedded server has no standby" },
  { row: 21, promise: "a migration that is killed or raced is gone on with", why: "there is one migration so far" },
  { row: 22, promise: "the embedded database survives kill -9", why: "rows 10 and 13 kill it" },
  ...[24, 25, 26, 27, 28, 29].map((row) => ({ row, promise: "a broker that fails loses nothing", why: noRedis })),
  { row: 30, promise: "a backlog of 100,000 is worked off in order", why: "a load, not a fault: npm run bench" },
  {
    row: 33,
    promise: "no time is left out or doubled by daylight saving",
    why: "properties of cron over all zones try it",
  },
  ...[36, 37, 38, 39, 40, 41, 42, 45].map((row) => ({
    row,
    promise: "a hostile Dag file harms nobody else",
    why: hostileFiles,
  })),
  ...[47, 48, 49, 50, 51, 52, 53, 54].map((row) => ({
    row,
    promise: "a hostile task harms nobody else",
    why: hostileTasks,
  })),
  { row: 58, promise: "each notification is sent at least once", why: "there are no notifications yet" },
  { row: 67, promise: "bad input is refused, and nothing else", why: "the fuzzers try it: npm run fuzz" },
  { row: 68, promise: "a cluster that evicts and forgets loses nothing", why: "there is no Kubernetes executor yet" },
  { row: 69, promise: "a worker of the last version works with this API", why: "there is no earlier version" },
  { row: 70, promise: "a large backfill can be stopped, and holds up nobody", why: "there is no backfill yet" },
];
