/** What the server asks the machine. One interface, so that every feature is tested without a kernel. */
import type { CDefinition } from '../ast/nodes.ts';
import type { CheckEnvironment, TypeNames } from '../check/environment.ts';
import type { Diagnostics } from '../diagnostic.ts';
import type { ImportFiles } from '../imports/resolve.ts';
import type { ProbeEnvironment } from '../probes/environment.ts';
import type { Provider } from '../probes/resolved.ts';
import type { Source } from '../source.ts';

export interface LspEnvironment {
  readonly files: ImportFiles;
  readonly probes: ProbeEnvironment;
  /** The names of C definitions, over those of the kernel. */
  names(definitions: readonly CDefinition[], source: Source, diagnostics: Diagnostics): TypeNames;
  check(types: TypeNames): CheckEnvironment;
  /** Parameters of a place as `-lv` lists them; none where nothing is known. */
  parameters(provider: Provider, place: string): readonly string[];
  /** Types and constants of the kernel, with repetitions. */
  kernelNames(kind: 'struct' | 'union' | 'enum' | 'typedef' | 'enumerator'): Iterable<string>;
  /** Files and, with a `/` behind, folders whose path begins so. */
  paths(prefix: string): readonly string[];
}
