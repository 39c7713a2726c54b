import { endings } from "./endings.ts";
import { surroundings } from "./surroundings.ts";
import type { TaskCase } from "./task-case.ts";
import { values } from "./values.ts";

/** Every hostile task there is. */
export const tasks: readonly TaskCase[] = [...values, ...endings, ...surroundings];
