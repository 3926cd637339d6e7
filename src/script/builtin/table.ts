/** All built-ins of `k`: one entry in one file each. */
import type { Builtins } from './builtin.ts';
import { loops } from './loops.ts';
import { machine } from './machine.ts';
import { memory } from './memory.ts';
import { numbers } from './numbers.ts';
import { output } from './output.ts';
import { process } from './process.ts';
import { stacks } from './stacks.ts';

export const builtins: Builtins = {
  ...process,
  ...machine,
  ...numbers,
  ...memory,
  ...stacks,
  ...loops,
  ...output,
};
