import { large, small } from "./scopes.ts";
import { search } from "./search.ts";
import { taskInstanceModel } from "./task-instance-model.ts";

/** `npm run model`: every state of every scope, and how many there were. Exit code 1 when one is wrong. */
for (const [name, scope] of Object.entries({ ...small, ...large })) {
  const began = performance.now();
  const { findings, ...counts } = search(taskInstanceModel(scope));
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  console.log(JSON.stringify({ name, scope, ...counts, seconds, findings }));
  if (findings.length > 0) process.exitCode = 1;
}
