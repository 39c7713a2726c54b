/**
 * The bounds of one Dag. They keep a slip of the author's (a loop that makes nodes without end) from becoming everybody's
 * problem: the graph is held in memory by each process that decides, and its weights cost tasks × edges / 32.
 */
export const specLimits = {
  /** Tasks in one Dag, before mapping. */
  tasks: 25_000,
  /** Tasks on the longest path. */
  depth: 10_000,
  /** Direct dependencies in all. */
  edges: 1_000_000,
  /** Characters of the id of a Dag, a task or a group (Airflow: 250). */
  idLength: 250,
} as const;
