/** For tests: scripts from text to programs, against a kernel's facts. */

import type { TracepointField } from '../../kernel/tracepoint/format.ts';
import type { Environment } from '../../script/environment.ts';
import { parametersOf } from '../../script/probe/arguments.ts';
import { signatureOf } from '../../script/probe/tracing.ts';
import type { AttachPoint } from '../ast/nodes.ts';
import { checkProgram } from '../check/check.ts';
import type { CheckEnvironment } from '../check/environment.ts';
import { shown } from '../check/testing.ts';
import type { CompiledScript } from '../compiled.ts';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import type { ProbeTarget, Provider, ResolvedProbe } from '../probes/resolved.ts';
import { findBtfEnumerator, findBtfType, typeOfBtf } from '../types/btf-types.ts';
import { pointerTo, type StructMember, type StructType, string, type Type, voidType } from '../types/type.ts';
import type { LowerEnvironment } from './environment.ts';
import { type LowerOptions, lowerProgram } from './program.ts';

const special = new Set<string>(['begin', 'end', 'self', 'test', 'bench']);

/** Takes every attach point at its word; `*` separates several events. */
function resolve(attachPoint: AttachPoint): readonly ResolvedProbe[] {
  const [type = '', ...parts] = attachPoint.text.split(':');
  const provider = type.toLowerCase() as Provider;
  const last = parts.at(-1) ?? '';
  const targets = last.split('*').map((event): ProbeTarget => {
    const name = [provider, ...parts.slice(0, -1), ...(event === '' ? [] : [event])].join(':');
    if (special.has(provider)) return { kind: 'special', name };
    switch (provider) {
      case 'tracepoint':
        return { kind: 'tracepoint', name, category: parts[0]!, event };
      case 'rawtracepoint':
        return { kind: 'rawtracepoint', name, event };
      case 'iter':
        return { kind: 'iterator', name, iterator: event };
      case 'profile':
      case 'interval':
        return { kind: 'timer', name, everyCpu: provider === 'profile', frequency: 99 };
      case 'software':
      case 'hardware':
        return { kind: 'counter', name, type: provider, event: parts[0]!, count: 1000n };
      case 'watchpoint':
        return { kind: 'watchpoint', name, address: 0x1000n, length: 8, mode: 'w' };
      case 'uprobe':
      case 'uretprobe':
        return { kind: 'userFunction', name, path: parts[0]!, symbol: event, fileOffset: 64n };
      case 'usdt':
        return {
          kind: 'usdt',
          name,
          path: parts[0]!,
          namespace: 'ns',
          probeName: event,
          fileOffset: 64n,
          semaphoreOffset: 0n,
          argumentSpecs: ['-4@%edi', '8@$-7', '8@-16(%rbp)', '1@8(%rax,%rbx,4)', '-2@%ax'],
        };
      default:
        return { kind: 'kernelFunction', name, symbol: event, offset: 0 };
    }
  });
  return [{ provider, attachPoint, targets, name: targets[0]!.name }];
}

function structOf(name: string, size: number, members: readonly StructMember[]): StructType {
  return {
    kind: 'struct',
    name,
    size,
    align: 8,
    member: (wanted) => members.find((member) => member.name === wanted),
    memberNames: () => members.map((member) => member.name),
  };
}

function fieldType(field: TracepointField): Type {
  const bits = (field.size * 8) as 8;
  if (field.location) return string(64);
  if (field.length !== undefined) {
    const element: Type = { kind: 'int', bits: ((field.size / field.length) * 8) as 8, signed: field.signed };
    return field.type === 'char' ? string(field.length) : { kind: 'array', element, length: field.length };
  }
  if (field.type.includes('*')) return pointerTo({ kind: 'int', bits: 8, signed: true }, 'user');
  return { kind: 'int', bits, signed: field.signed };
}

function argumentsOf(environment: Environment, { targets: [target] }: ResolvedProbe): StructType | undefined {
  const { btf } = environment;
  if (target?.kind === 'tracepoint') {
    const format = environment.tracepoint(target.category, target.event);
    const members = format?.fields.map(
      (field): StructMember => ({
        name: field.name,
        type: fieldType(field),
        offset: field.offset,
        dataLocation: field.location,
      }),
    );
    return members && structOf('struct args', 64, members);
  }
  let parameters =
    target?.kind === 'kernelFunction' ? signatureOf(environment, target.symbol)?.parameters : undefined;
  if (target?.kind === 'rawtracepoint') {
    const id = btf.find(`__traceiter_${target.event}`, 'function');
    const type = id === undefined ? undefined : btf.type(id);
    parameters = type?.kind === 'function' ? parametersOf(btf, type.prototype).slice(1) : undefined;
  }
  return (
    parameters &&
    structOf(
      'struct args',
      parameters.length * 8,
      parameters.map(({ name, type }, i) => ({
        name,
        type: type === 0 ? voidType : typeOfBtf(btf, type),
        offset: i * 8,
      })),
    )
  );
}

export function checkEnvironmentFor(kernel: Environment): CheckEnvironment {
  return {
    types: {
      type: (name, tag) => findBtfType(kernel.btf, name, tag === 'union' ? 'union' : tag),
      constant: (name) => findBtfEnumerator(kernel.btf, name),
    },
    variables: {},
    unsafe: true,
    cpus: kernel.possibleCpus,
    architecture: kernel.architecture,
    child: false,
    positional: [],
    named: new Map(),
    resolve: (attachPoint) => resolve(attachPoint),
    argumentsOf: (probe) => argumentsOf(kernel, probe) ?? { missing: 'no arguments' },
    returnOf({ targets: [target] }) {
      const signature = target?.kind === 'kernelFunction' ? signatureOf(kernel, target.symbol) : undefined;
      return signature && typeOfBtf(kernel.btf, signature.returns);
    },
    kernelSymbol: () => 0xffff_ffff_8000_0000n,
  };
}

export function lowerEnvironmentFor(
  kernel: Environment,
  changes: Partial<LowerEnvironment> = {},
): LowerEnvironment {
  return {
    kernel,
    kprobeMulti: () => true,
    kernelSymbol: () => 0xffff_ffff_8000_0000n,
    userSymbol: () => 0x1000n,
    ...changes,
  };
}

/** Throws for a script that is not right. */
export function lowerText(
  text: string,
  kernel: Environment,
  changes: Partial<LowerEnvironment> = {},
  options: LowerOptions = {},
): CompiledScript {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text }, diagnostics);
  if (diagnostics.failed) throw new Error(diagnostics.list.map(shown).join('\n'));
  const { checked, diagnostics: said } = checkProgram(program, checkEnvironmentFor(kernel));
  if (!checked) throw new Error(said.list.map(shown).join('\n'));
  return lowerProgram(checked, lowerEnvironmentFor(kernel, changes), options);
}
