/**
 * The running machine, for editors: as much of it as may be read. Where its lists are closed to the user, attach
 * points are taken as they are, and what only the kernel could tell is not known.
 */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { readDefinitions } from '../cdefs/scope.ts';
import type { CheckEnvironment } from '../check/environment.ts';
import { Diagnostics } from '../diagnostic.ts';
import { machineFiles } from '../imports/files.ts';
import { machineParameters } from '../list/index.ts';
import { parametersOf } from '../list/parameters.ts';
import { Machine } from '../machine.ts';
import type { ResolvedProbe } from '../probes/resolved.ts';
import type { LspEnvironment } from './environment.ts';

/** `$1` to `$32`: numbers, which are texts too. */
const mostParameters = 32;

/** What a script will be called with is not known here: everything that it may be is taken as given. */
export function machineEnvironment(): LspEnvironment {
  const positional = Array.from({ length: mostParameters }, () => '1');
  const machine = new Machine({ unsafe: true, child: true, positional });
  const resolved = new Map<string, Resolved>();
  return {
    files: machineFiles,
    probes: machine.probes,
    names: (definitions, source, diagnostics) =>
      readDefinitions(
        definitions,
        { btf: machine.types, directory: source.name.includes('/') ? dirname(source.name) : undefined },
        diagnostics,
      ),
    check: (types) => quiet(machine.check(types), resolved),
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

interface Resolved {
  readonly probes: readonly ResolvedProbe[];
  readonly said: Diagnostics;
}

/** So many attach points are kept with their places: each key pressed asks for all of a text again. */
const mostKept = 200;

function quiet(environment: CheckEnvironment, kept: Map<string, Resolved>): CheckEnvironment {
  return {
    ...environment,
    resolve(attachPoint, config, diagnostics) {
      const { text, name, span } = attachPoint;
      // A parameter of the script: what it will be is not known.
      if (/\$[0-9]/.test(text)) return [];
      const key = JSON.stringify([
        ...[text, name, config.missingProbes, config.maxProbes, config.maxBpfProgs],
      ]);
      let found = kept.get(key);
      if (found === undefined) {
        const said = new Diagnostics();
        found = { probes: attempt(() => environment.resolve(attachPoint, config, said)) ?? [], said };
        if (kept.size >= mostKept) kept.delete(kept.keys().next().value!);
        kept.set(key, found);
      }
      for (const { severity, message, hint } of found.said.list) {
        const more = hint === undefined ? {} : { hint };
        if (severity === 'error') diagnostics.error(span, message, more);
        else diagnostics.warning(span, message, more);
      }
      return found.probes.map((probe) => ({ ...probe, attachPoint }));
    },
  };
}

/** Undefined where the kernel's lists may not be read. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
