/** The meaning of a script: macros are put in, then names and types are found out, and what is wrong is said. */
import type { Program } from '../ast/nodes.ts';
import { Diagnostics } from '../diagnostic.ts';
import { expandMacros } from '../macro/expand.ts';
import type { CheckEnvironment } from './environment.ts';
import { type Checked, checkExpanded } from './program.ts';

export type { Checked } from './program.ts';

/** `program` is what was parsed, with its imports in it (imports/). Never throws on what the parser accepts. */
export function checkProgram(program: Program, environment: CheckEnvironment): Checked {
  const diagnostics = new Diagnostics();
  return checkExpanded(expandMacros(program, diagnostics), environment, diagnostics);
}
