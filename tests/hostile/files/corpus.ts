import type { DagFileCase } from "../case.ts";
import { channel } from "./channel.ts";
import { dags } from "./dags.ts";
import { endings } from "./endings.ts";
import { endless } from "./endless.ts";
import { globals } from "./globals.ts";
import { importing } from "./imports.ts";
import { leftovers } from "./leftovers.ts";
import { memory } from "./memory.ts";
import { nondeterminism } from "./nondeterminism.ts";
import { places } from "./places.ts";
import { publishedSizes, shortSizes } from "./sizes.ts";
import { text } from "./text.ts";
import { throws } from "./throws.ts";

/** Every hostile Dag file there is. */
export const dagFiles: readonly DagFileCase[] = [
  ...text,
  ...importing,
  ...throws,
  ...endless,
  ...memory,
  ...endings,
  ...shortSizes,
  ...publishedSizes,
  ...channel,
  ...globals,
  ...leftovers,
  ...dags,
  ...nondeterminism,
  ...places,
];
