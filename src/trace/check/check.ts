/** The meaning of a script: macros are put in, then names and types are found out, and what is wrong is said. */
import type { Program } from '../ast/nodes.ts';
import { Diagnostics } from '../diagnostic.ts';
import { expandDefines } from '../macro/defines.ts';
import { expandMacros } from '../macro/expand.ts';
import type { CheckEnvironment } from './environment.ts';
import { type Checked, checkExpanded } from './program.ts';

export type { Checked, CheckedBody } from './program.ts';

/** `program` is what was parsed, with its imports in it (imports/). Never throws on what the parser accepts. */
export function checkProgram(program: Program, environment: CheckEnvironment): Checked {
  const diagnostics = new Diagnostics();
  const plain = expandDefines(program, environment.types, diagnostics);
  return checkExpanded(expandMacros(plain, diagnostics), environment, diagnostics);
}
