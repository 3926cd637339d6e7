/**
 * The running machine, for editors: as much of it as may be read. Where its lists are closed to the user, attach
 * points are taken as they are, and what only the kernel could tell is not known.
 */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { readDefinitions } from '../cdefs/scope.ts';
import { machineFiles } from '../imports/files.ts';
import { machineParameters } from '../list/index.ts';
import { parametersOf } from '../list/parameters.ts';
import { Machine } from '../machine.ts';
import { AttachPoints } from './attach-points.ts';
import type { LspEnvironment } from './environment.ts';

/** `$1` to `$32`: numbers, which are texts too. */
const mostParameters = 32;

/** What a script will be called with is not known here: everything that it may be is taken as given. */
export function machineEnvironment(): LspEnvironment {
  const positional = Array.from({ length: mostParameters }, () => '1');
  const machine = new Machine({ unsafe: true, child: true, positional });
  const known = new AttachPoints();
  return {
    files: machineFiles,
    probes: machine.probes,
    names: (definitions, source, diagnostics) =>
      readDefinitions(
        definitions,
        { btf: machine.types, directory: source.name.includes('/') ? dirname(source.name) : undefined },
        diagnostics,
      ),
    check: (types) => known.over(machine.check(types)),
    parameters: (provider, place) => {
      try {
        return parametersOf(machineParameters, provider, place);
      } catch {
        return [];
      }
    },
    *kernelNames(kind) {
      const btf = machine.types;
      if (btf === undefined) return;
      if (kind !== 'enumerator') {
        yield* btf.namesOf(kind);
        if (kind === 'enum') yield* btf.namesOf('enum64');
        return;
      }
      for (let id = 1; id < btf.count; id++) {
        const found = btf.kind(id);
        if (found !== 'enum' && found !== 'enum64') continue;
        const type = btf.type(id);
        if (type.kind === 'enum' || type.kind === 'enum64') yield* type.values.map(({ name }) => name);
      }
    },
    paths(prefix) {
      const slash = prefix.lastIndexOf('/') + 1;
      const [folder, name] = [prefix.slice(0, slash), prefix.slice(slash)];
      try {
        return readdirSync(folder, { withFileTypes: true })
          .filter((entry) => entry.name.startsWith(name))
          .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
          .sort();
      } catch {
        return [];
      }
    },
  };
}
