import { dag, task } from "airloom";

// A task is an id and a function. What it takes and returns is data, and its types are checked where tasks are joined.
export const fetchNames = task("fetch_names", async (): Promise<string[]> => ["Ada", "Grace", "Edsger"]);

export const greet = task("greet", (names: string[], greeting: string) => names.map((name) => `${greeting}, ${name}!`));

export const print = task("print", (lines: string[]) => {
  for (const line of lines) console.log(line); // what a task prints is its log
});

/** Three tasks, one after another, that pass typed values on. */
export default dag("basics_hello", { description: "A chain of typed tasks", tags: ["example", "basics"] }, () => {
  // Nothing runs here: a call makes a node of the graph and gives a Ref, a typed promise of the value it will have.
  const names = fetchNames();
  // Passing a Ref on is the dependency. `print(names, 1)` or `greet(3)` would not compile.
  print(greet(names, "Hello"));
});
