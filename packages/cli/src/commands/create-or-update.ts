import { AirloomError } from "@airloom/core";

/** Updates what exists, else creates it: the API keeps the two apart, `set` and `import` do not. */
export async function createOrUpdate(actions: {
  readonly update: () => Promise<unknown>;
  readonly create: () => Promise<unknown>;
}): Promise<"created" | "updated"> {
  try {
    await actions.update();
    return "updated";
  } catch (error) {
    if (!(error instanceof AirloomError) || error.data.status !== 404) throw error;
    await actions.create();
    return "created";
  }
}
