import type { Command } from "commander";

/** A command that does something (not a group), as help and reference show it. */
export interface CommandLine {
  /** With its arguments: `airloom dags trigger <dag>`. */
  readonly usage: string;
  readonly description: string;
  readonly command: Command;
}

/** Every command of the tree, in the order of the tree. */
export function commandLines(command: Command, path: readonly string[] = [command.name()]): readonly CommandLine[] {
  if (command.commands.length > 0)
    return command.commands.flatMap((child) => commandLines(child, [...path, child.name()]));
  const names = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [{ usage: [...path, ...names].join(" "), description: command.description(), command }];
}
