import { context, dag, operator, task } from "airloom";
import { bash, python } from "airloom/operators";
import { z } from "zod";

/** An operator is a function of its parameters, with a name. It gets retries, pools and all other options of a task for free. */
export const wordCheck = operator("word_check", ({ word, longest }: { word: string; longest: number }) => {
  if (word.length > longest) throw new Error(`"${word}" has ${word.length} letters, more than ${longest}`);
  context().log.info("the word is short enough", { word });
  return word.length;
});

export const print = task("print", (text: string, length: number) => console.log(`${text} (${length} letters)`));

/** Work that is not TypeScript: a shell command, a Python function, an operator of one's own. */
export default dag(
  "basics_operators",
  {
    description: "bash, python, and an operator in five lines",
    tags: ["example", "basics"],
    params: z.object({ text: z.string().default("the cat and the dog and the mouse") }),
  },
  ({ params }) => {
    // Values go in as environment variables: unlike text pasted into a command, they cannot become code. The last line that
    // is printed is the result.
    const shouted = bash("shout", { command: `printf '%s' "$TEXT" | tr a-z A-Z`, env: { TEXT: params.text } });

    // The script travels with the Dag. JSON goes in and out; the schema checks what came back, and gives it its type.
    const counted = python("count_words", {
      script: new URL("./count_words.py", import.meta.url),
      function: "count_words",
      input: { text: params.text },
      output: z.object({ words: z.number(), most: z.string() }),
    });

    // A parameter may also be a function of the context. It is called when the task runs, and what it gave can be seen there.
    const length = wordCheck("check_word", { word: "mouse", longest: ({ tryNumber }) => 10 * tryNumber, retries: 1 });
    length.after(counted);
    print(shouted, length);
  },
);
