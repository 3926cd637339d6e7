/** Probes whose arguments have BTF types: `rawtracepoint:NAME`, `fentry:FUNC`, `fexit:FUNC`. */
import type { Btf } from '../../btf/btf.ts';
import type { Parameter, TypeId } from '../../btf/types.ts';
import { AttachType, ProgramType } from '../../kernel/spec.ts';
import { ProgramError } from '../diagnostic.ts';
import type { Environment } from '../environment.ts';
import { messages } from '../messages.ts';
import { arrayArgument, arrayArguments, parametersOf } from './arguments.ts';
import { elsewhere, type ProbePlan } from './plan.ts';

/** Linux 5.5: typedef btf_trace_NAME is a pointer to the tracepoint's function type. */
export function rawTracepointPlan(title: string, parts: readonly string[], { btf }: Environment): ProbePlan {
  const [name] = parts;
  if (parts.length !== 1 || !name) {
    throw new ProgramError(
      messages.probeSyntax(title, 'rawtracepoint:NAME, such as rawtracepoint:sched_switch'),
    );
  }
  const typedef = btf.find(`btf_trace_${name}`, 'typedef');
  if (typedef === undefined) {
    const near = btf
      .suggest(`btf_trace_${name}`, 'typedef')
      .map((each) => `rawtracepoint:${each.replace('btf_trace_', '')}`);
    throw new ProgramError(messages.unknownProbe(title, 'this kernel has no such raw tracepoint', near));
  }
  const pointer = btf.type(btf.strip(typedef));
  // The first parameter is the tracepoint's private data, which programs do not get.
  const declared = pointer.kind === 'pointer' ? parametersOf(btf, pointer.target).slice(1) : [];
  const names = argumentNames(btf, name);
  const parameters = declared.map((parameter, i) => ({ ...parameter, name: names[i] ?? parameter.name }));
  return {
    title,
    programType: ProgramType.tracing,
    attachType: AttachType.traceRawTp,
    attachTarget: { kind: 'rawTracepoint', name },
    attachment: { kind: 'tracing' },
    typedPointers: true,
    member: (l, part) =>
      part === 'args' ? arrayArguments(l, `the arguments of ${title}`, btf, parameters) : undefined,
    names: () => ['args'],
    explain: (part) => elsewhere[part],
  };
}

/** Parameters that were called so before Linux 5.10 too (include/trace/events/sched.h). */
const oldNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['sched_process_fork', ['parent', 'child']],
  ['sched_process_exec', ['p', 'old_pid', 'bprm']],
  ['sched_process_exit', ['p']],
]);

/**
 * The typedef's pointer has no names for its parameters; the function that walks the tracepoint's callbacks
 * has (DECLARE_TRACE in include/linux/tracepoint.h, a function of its own since 5.10). Where it is not in BTF, some
 * names are known, and the others are `arg1`, `arg2`, ...
 */
function argumentNames(btf: Btf, name: string): readonly string[] {
  for (const prefix of ['__traceiter_', '__probestub_', '__bpf_trace_']) {
    const id = btf.find(`${prefix}${name}`, 'function');
    const type = id === undefined ? undefined : btf.type(id);
    if (type?.kind === 'function') {
      return parametersOf(btf, type.prototype)
        .slice(1)
        .map((parameter) => parameter.name);
    }
  }
  return oldNames.get(name) ?? [];
}

/** The parameters and result of a kernel function. */
export interface Signature {
  readonly parameters: readonly Parameter[];
  readonly returns: TypeId;
}

export function signatureOf({ btf }: Environment, name: string): Signature | undefined {
  const id = btf.find(name, 'function');
  const type = id === undefined ? undefined : btf.type(id);
  if (type?.kind !== 'function') return undefined;
  const prototype = btf.type(type.prototype);
  if (prototype.kind !== 'prototype') return undefined;
  return { parameters: parametersOf(btf, type.prototype), returns: prototype.returns };
}

/** Linux 5.5: arguments as an array of u64; fexit finds the result behind them. */
export function functionPlan(
  title: string,
  kind: 'fentry' | 'fexit',
  parts: readonly string[],
  environment: Environment,
): ProbePlan {
  const [name] = parts;
  if (parts.length !== 1 || !name) {
    throw new ProgramError(messages.probeSyntax(title, `${kind}:FUNCTION, such as ${kind}:vfs_read`));
  }
  const { btf } = environment;
  const signature = signatureOf(environment, name);
  if (!signature) {
    const near = btf.suggest(name, 'function').map((each) => `${kind}:${each}`);
    throw new ProgramError(messages.unknownProbe(title, `the kernel's BTF has no function "${name}"`, near));
  }
  return {
    title,
    programType: ProgramType.tracing,
    attachType: kind === 'fentry' ? AttachType.traceFentry : AttachType.traceFexit,
    attachTarget: { kind: 'function', name },
    attachment: { kind: 'tracing' },
    typedPointers: true,
    member(l, part) {
      if (part === 'args') return arrayArguments(l, `the arguments of ${title}`, btf, signature.parameters);
      if (part === 'ret' && kind === 'fexit')
        return arrayArgument(l, btf, signature.returns, signature.parameters.length);
      return undefined;
    },
    names: () => (kind === 'fexit' ? ['args', 'ret'] : ['args']),
    explain: (part) => elsewhere[part],
  };
}
