import { createProgram } from "@airloom/cli/program";

/** An option or argument as the command tree declares it. */
export interface CliOption {
  /** `--run`, as it is written. */
  readonly flag: string;
  readonly takesValue: boolean;
  readonly isRequired: boolean;
}

export interface CliCommand {
  /** `["dags", "list"]` */
  readonly words: readonly string[];
  readonly arguments: readonly { readonly name: string; readonly isRequired: boolean }[];
  readonly options: readonly CliOption[];
}

type Node = ReturnType<typeof createProgram>;

/** Every command that does something, read from the tree that `airloom` itself parses with. */
export function commandTree(): readonly CliCommand[] {
  return leavesOf(createProgram({}), []);
}

function leavesOf(node: Node, words: readonly string[]): readonly CliCommand[] {
  const children = node.commands as readonly Node[];
  if (children.length > 0) return children.flatMap((child) => leavesOf(child, [...words, child.name()]));
  return [
    {
      words,
      arguments: node.registeredArguments.map((one) => ({ name: one.name(), isRequired: one.required })),
      options: node.options.map((one) => ({
        flag: one.long ?? one.short ?? "",
        takesValue: one.required || one.optional,
        isRequired: one.mandatory,
      })),
    },
  ];
}
