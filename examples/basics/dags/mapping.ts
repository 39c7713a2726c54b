import { dag, task } from "airloom";
import { z } from "zod";

interface Part {
  from: number;
  to: number;
}

export const split = task("split", (upTo: number, parts: number): Part[] => {
  const size = Math.ceil(upTo / parts);
  return Array.from({ length: parts }, (_, index) => ({
    from: index * size + 1,
    to: Math.min((index + 1) * size, upTo),
  })).filter((part) => part.from <= part.to);
});

export const sumOfPart = task("sum_of_part", ({ from, to }: Part) => {
  let sum = 0;
  for (let number = from; number <= to; number += 1) sum += number;
  return sum;
});

export const add = task("add", (sums: number[]) => sums.reduce((a, b) => a + b, 0));

export const pairUp = task("pair_up", (size: string, colour: string) => `${size} ${colour}`);

/** One task instance per element of a list that is known only when the run is under way. */
export default dag(
  "basics_mapping",
  {
    description: "A task for each element of a list, and the results gathered again",
    tags: ["example", "basics"],
    params: z.object({ upTo: z.int().min(1).default(1_000), parts: z.int().min(1).max(100).default(4) }),
  },
  ({ params }) => {
    const parts = split(params.upTo, params.parts);
    // `expand` takes a list where the task takes one value, and gives the list of results, in the order of the elements.
    add(sumOfPart.expand(parts));
    // Several lists: every combination, here six instances.
    pairUp.expand(["small", "large"], ["red", "green", "blue"]);
  },
);
