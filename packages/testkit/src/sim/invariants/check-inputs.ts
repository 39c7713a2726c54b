import type { AttemptRow } from "@airloom/store";
import { decodeValue, type InputValue, type TaskWorkload } from "@airloom/wire";
import { Violation } from "../violation.ts";
import type { World } from "../world.ts";

/**
 * Invariant 20: what an attempt reads was left by the newest attempt of its upstream that had succeeded by then. Values name their
 * makers: `task/mapIndex/attempt/position`.
 */
export function checkInputs(world: World, { taskInstanceId, attempt, inputs }: TaskWorkload): void {
  const reader = world.mirror.instances.get(taskInstanceId);
  const readAt = world.mirror.attemptsOf.get(taskInstanceId)?.get(attempt)?.startedAt;
  if (!reader || !readAt) return;
  for (const input of Object.values(inputs)) {
    for (const maker of makersIn(input)) {
      const [taskId, mapIndex, made] = maker.split("/");
      const source = world.mirror
        .instancesOfRun(reader.runKey)
        .find((row) => row.taskId === taskId && (row.mapIndex === Number(mapIndex) || Number(mapIndex) < 0));
      const attempts = [...(world.mirror.attemptsOf.get(source?.id ?? "")?.values() ?? [])];
      checkMaker(`${taskInstanceId} ${attempt}`, { maker, made: Number(made), attempts, readAt });
    }
  }
}

interface Made {
  readonly maker: string;
  readonly made: number;
  readonly attempts: readonly AttemptRow[];
  readonly readAt: Date;
}

function checkMaker(reader: string, { maker, made, attempts, readAt }: Made): void {
  const row = attempts.find(({ attempt }) => attempt === made);
  if (row?.outcome !== "succeeded")
    throw new Violation(20, `${reader} reads ${maker}, of an attempt that ended ${row?.outcome ?? "not"}`);
  const newer = attempts.find(
    ({ attempt, outcome, endedAt }) =>
      attempt > made && outcome === "succeeded" && endedAt !== null && endedAt < readAt,
  );
  if (newer) throw new Violation(20, `${reader} reads ${maker}, though attempt ${newer.attempt} succeeded before`);
}

function makersIn(input: InputValue): readonly string[] {
  if (input.kind === "value" || input.kind === "element") return textsIn(input.bytes);
  return input.kind === "list" ? input.items.flatMap((item) => (item === null ? [] : textsIn(item))) : [];
}

function textsIn(bytes: Uint8Array): readonly string[] {
  const value = decodeValue(bytes);
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return texts.filter((text) => typeof text === "string");
}
