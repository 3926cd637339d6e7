/** All commands of bpfkit, in the order of its help. */
import type { CommandSpec, OptionSpec } from './command.ts';
import { machineCommands } from './table/machine.ts';
import { capture, format, json, plain } from './table/options.ts';
import { packageCommands } from './table/packages.ts';
import { processCommands } from './table/processes.ts';
import { programCommands } from './table/programs.ts';

/** Options that bpftree takes before the command too; here every command that declares them does. */
export const leadingOptions: readonly OptionSpec[] = [plain, format, capture, json];

export const commands: readonly CommandSpec[] = [
  ...processCommands,
  ...packageCommands,
  ...programCommands,
  ...machineCommands,
];

/** A command by its name or an alias. */
export function findCommand(name: string): CommandSpec | undefined {
  return commands.find((spec) => spec.name === name || (spec.aliases ?? []).includes(name));
}
