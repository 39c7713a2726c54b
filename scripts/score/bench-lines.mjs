const ms = ({ median, p99 }) => `median ${median} ms, p99 ${p99} ms`;
const flight = "npm run --silent bench -- flight > FILE";

/** One figure of the flights, with its aim in milliseconds. */
const flightLine = (id, title, { of, clock = "wall", median, p99 = Number.POSITIVE_INFINITY }) => ({
  id,
  title,
  target: `median ≤ ${median} ms${Number.isFinite(p99) ? `, p99 ≤ ${p99} ms` : ""}`,
  command: flight,
  judge: ({ figures }) => {
    const found = figures[of][clock];
    return { value: ms(found), met: found.median <= median && found.p99 <= p99 };
  },
});

/** What is measured, on the machine that the record names: standalone, warm, fsync on. */
export const benchLines = [
  flightLine("chain", "Chain of 40", { of: "chain of 40", median: 100 }),
  flightLine("chain-fresh", "Chain of 40, a new process each", { of: "chain of 40, isolation fresh", median: 1_600 }),
  flightLine("fan-out", "1 → 1,000 → 1", { of: "1 → 1,000 nodes → 1", median: 1_000 }),
  flightLine("mapped", "1 → one task mapped 1,000 times → 1", {
    of: "1 → 1 task mapped 1,000 times → 1",
    median: 1_000,
  }),
  flightLine("start", "Start: request → first line", { of: "200 starts, warm", clock: "request", median: 3, p99: 15 }),
  flightLine("artifacts", "200 artifacts, one start each", {
    of: "200 artifacts, one start each",
    clock: "request",
    median: 60,
  }),
];
