/**
 * Who may import whom: the one table of the project's layers. `npm run check` turns it into rules and fails on a breach,
 * a cycle, a deep import past a front door, or a dependency that a package.json does not declare.
 */
export const mayImport = {
  core: [],
  wire: ["core"],
  sdk: ["core", "wire"],
  store: ["core"],
  db: ["core", "store"],
  runs: ["core", "store"],
  scheduler: ["core", "store", "runs", "wire"],
  executors: ["core", "store", "runs", "wire"],
  "task-runner": ["core", "sdk", "wire"],
  "dag-processor": ["core", "sdk", "wire"],
  "providers/standard": ["sdk"],
  "providers/postgres": ["sdk"],
  testing: ["core", "sdk", "store", "runs"],
  api: ["core", "wire", "store", "runs"],
  cli: ["core", "wire", "sdk", "store", "db", "runs", "scheduler", "executors", "task-runner", "dag-processor", "api"],
  airloom: ["sdk", "testing", "providers/standard", "providers/postgres", "cli"],
  testkit: ["core", "wire", "sdk", "store", "db", "runs", "scheduler", "executors", "task-runner", "dag-processor", "api", "cli", "testing"],
};
