import { defineConfig } from "vitest/config";

/** Fast tests stand beside the source; those that need a server or a process stand in `test/` folders and `tests/`. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/**/src/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**"],
          pool: "threads",
          // A property over thousands of inputs takes seconds, and a multiple of that beside other work.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "system",
          include: ["packages/**/test/**/*.test.ts", "tests/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", "**/fixtures/**"],
          // One throw-away PostgreSQL for the run; `cloneDatabase()` of testkit makes databases in it.
          globalSetup: ["packages/testkit/src/database/global-setup.ts"],
          pool: "forks",
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
