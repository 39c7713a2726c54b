import { AirloomError } from "@airloom/core";
import { z } from "zod";

/** Airflow's body of many changes at once. */
export const bulkBody = <Entity extends z.ZodType>(entity: Entity) => {
  const onMissing = z.enum(["fail", "skip"]).default("fail");
  return z.strictObject({
    actions: z
      .array(
        z.discriminatedUnion("action", [
          z.strictObject({
            action: z.literal("create"),
            entities: z.array(entity).max(10_000),
            action_on_existence: z.enum(["fail", "skip", "overwrite"]).default("fail"),
          }),
          z.strictObject({
            action: z.literal("update"),
            entities: z.array(entity).max(10_000),
            update_mask: z.array(z.string().max(250)).nullish(),
            action_on_non_existence: onMissing,
          }),
          z.strictObject({
            action: z.literal("delete"),
            entities: z.array(z.union([z.string().max(250), entity])).max(10_000),
            action_on_non_existence: onMissing,
          }),
        ]),
      )
      .max(100),
  });
};

type BulkAction<Entity> =
  | {
      readonly action: "create";
      readonly entities: readonly Entity[];
      readonly action_on_existence: "fail" | "skip" | "overwrite";
    }
  | {
      readonly action: "update";
      readonly entities: readonly Entity[];
      readonly update_mask?: readonly string[] | null | undefined;
      readonly action_on_non_existence: "fail" | "skip";
    }
  | {
      readonly action: "delete";
      readonly entities: readonly (string | Entity)[];
      readonly action_on_non_existence: "fail" | "skip";
    };

/** What is changed: one kind of thing, in an open transaction. */
export interface BulkTarget<Entity> {
  /** In words: "pool". */
  readonly noun: string;
  readonly keyOf: (entity: Entity) => string;
  readonly exists: (key: string) => Promise<boolean>;
  readonly create: (entity: Entity) => Promise<void>;
  /** Whole, or the fields of the mask. */
  readonly update: (entity: Entity, mask: readonly string[] | undefined) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
}

interface Outcome {
  success: string[];
  errors: { error: string; status_code: number }[];
}
type Answer = Partial<Record<"create" | "update" | "delete", Outcome>>;

/**
 * Does the actions in their order. Under `fail`, an action that meets what should not be there, or misses what should, changes
 * nothing and reports it; the others go on (as Airflow).
 */
export async function runBulk<Entity>(
  actions: readonly BulkAction<Entity>[],
  target: BulkTarget<Entity>,
): Promise<Answer> {
  const answer: Answer = {};
  for (const action of actions) {
    answer[action.action] ??= { success: [], errors: [] };
    const outcome = answer[action.action] ?? { success: [], errors: [] };
    try {
      outcome.success.push(...(await runAction(action, target)));
    } catch (error) {
      if (!(error instanceof AirloomError) || error.status >= 500) throw error;
      outcome.errors.push({ error: `${error.message} ${error.hint}`.trim(), status_code: error.status });
    }
  }
  return answer;
}

async function runAction<Entity>(action: BulkAction<Entity>, target: BulkTarget<Entity>): Promise<readonly string[]> {
  if (action.action === "create") return createAll(action, target);
  if (action.action === "update") return updateAll(action, target);
  const keys = action.entities.map((one) => (typeof one === "string" ? one : target.keyOf(one)));
  const { there } = await sort(keys, target, action.action_on_non_existence);
  for (const key of there) await target.remove(key);
  return there;
}

async function createAll<Entity>(
  action: Extract<BulkAction<Entity>, { action: "create" }>,
  target: BulkTarget<Entity>,
) {
  const existing = new Set<string>();
  for (const entity of action.entities)
    if (await target.exists(target.keyOf(entity))) existing.add(target.keyOf(entity));
  const { action_on_existence: onExistence } = action;
  if (existing.size > 0 && onExistence === "fail")
    throw new AirloomError("CONFLICT", {
      reason: `There is already a ${target.noun} ${[...existing].join(", ")}; nothing was created.`,
    });
  const done: string[] = [];
  for (const entity of action.entities) {
    const key = target.keyOf(entity);
    if (existing.has(key) && onExistence === "skip") continue;
    if (existing.has(key)) await target.update(entity, undefined);
    else await target.create(entity);
    done.push(key);
  }
  return done;
}

async function updateAll<Entity>(
  action: Extract<BulkAction<Entity>, { action: "update" }>,
  target: BulkTarget<Entity>,
) {
  const { there } = await sort(action.entities.map(target.keyOf), target, action.action_on_non_existence);
  const known = new Set(there);
  for (const entity of action.entities)
    if (known.has(target.keyOf(entity))) await target.update(entity, action.update_mask ?? undefined);
  return there;
}

async function sort<Entity>(keys: readonly string[], target: BulkTarget<Entity>, onMissing: "fail" | "skip") {
  const there: string[] = [];
  const gone: string[] = [];
  for (const key of keys) ((await target.exists(key)) ? there : gone).push(key);
  if (gone.length > 0 && onMissing === "fail")
    throw new AirloomError("NOT_FOUND", {
      what: `${target.noun[0]?.toUpperCase()}${target.noun.slice(1)} ${gone.join(", ")}`,
    });
  return { there };
}
