/** `-lv`: what each probe has to offer, as C declares it. */
import type { Btf } from '../../btf/btf.ts';
import { declarationInC } from '../../btf/format.ts';
import type { Parameter, TypeId } from '../../btf/types.ts';
import type { Provider } from '../probes/resolved.ts';

export interface ParameterSource {
  /** The types of the kernel or a module; undefined where there are none. */
  types(module: string): Btf | undefined;
  /** Of a function of a program, by its debug information; empty where there is none. */
  userParameters?(path: string, name: string): readonly string[];
  /** The text of a tracepoint's format file. */
  tracepointFormat(category: string, event: string): string | undefined;
}

/** The parameters of a place as `listProbes` names it; empty where nothing is known. */
export function parametersOf(source: ParameterSource, provider: Provider, place: string): readonly string[] {
  const parts = place.split(':');
  const name = parts.at(-1)!;
  const module = parts.length > 1 ? parts[0]! : 'vmlinux';
  switch (provider) {
    case 'tracepoint':
      return tracepointFields(source.tracepointFormat(module, name) ?? '');
    case 'rawtracepoint':
      return rawTracepoint(source.types(module), name);
    case 'fentry':
    case 'fexit':
      if (module === 'bpf') return [];
      return signature(source.types(module), name, { parameters: true, result: true });
    case 'kprobe':
      return signature(source.types(module), name, { parameters: true, result: false });
    case 'kretprobe':
      return signature(source.types(module), name, { parameters: false, result: true });
    case 'uprobe':
      return source.userParameters?.(parts.slice(0, -1).join(':'), name) ?? [];
    case 'iter':
      // The first parameter is the walk itself, and the result is the kernel's.
      return signature(source.types('vmlinux'), `bpf_iter_${name}`, {
        parameters: true,
        result: false,
      }).slice(1);
    default:
      return [];
  }
}

/** The fields behind those that all tracepoints have: an empty line is between them. */
function tracepointFields(format: string): readonly string[] {
  const own = format.slice(format.indexOf('\n\n') + 1);
  return [...own.matchAll(/^\tfield:([^;]+);/gm)].map(([, declaration]) => declaration!);
}

function signature(
  btf: Btf | undefined,
  name: string,
  wanted: { readonly parameters: boolean; readonly result: boolean },
): readonly string[] {
  const id = btf?.find(name, 'function');
  const type = id === undefined ? undefined : btf!.type(id);
  const prototype = type?.kind === 'function' ? btf!.type(type.prototype) : undefined;
  if (!btf || prototype?.kind !== 'prototype') return [];
  const result =
    wanted.result && prototype.returns !== 0 ? [declaration(btf, prototype.returns, 'retval')] : [];
  return [...(wanted.parameters ? declarations(btf, prototype.parameters) : []), ...result];
}

/** A typedef of a pointer to the function that tracers have, whose first parameter is theirs. */
function rawTracepoint(btf: Btf | undefined, name: string): readonly string[] {
  const typedef = btf?.find(`btf_trace_${name}`, 'typedef');
  if (!btf || typedef === undefined) return [];
  const pointer = btf.type(btf.strip(typedef));
  const prototype = pointer.kind === 'pointer' ? btf.type(btf.strip(pointer.target)) : undefined;
  if (prototype?.kind !== 'prototype') return [];
  // The typedef has no names; the functions that the kernel makes of it have.
  const named = namedParameters(btf, name);
  return declarations(
    btf,
    prototype.parameters.slice(1).map((parameter, i) => ({
      type: parameter.type,
      name: named[i]?.name ?? (parameter.name || `arg${i}`),
    })),
  );
}

function namedParameters(btf: Btf, event: string): readonly Parameter[] {
  for (const prefix of ['__traceiter_', '__probestub_', '__bpf_trace_']) {
    const id = btf.find(`${prefix}${event}`, 'function');
    const type = id === undefined ? undefined : btf.type(id);
    const prototype = type?.kind === 'function' ? btf.type(type.prototype) : undefined;
    if (prototype?.kind === 'prototype') return prototype.parameters.slice(1);
  }
  return [];
}

function declarations(btf: Btf, parameters: readonly Parameter[]): readonly string[] {
  return parameters.map(({ type, name }) => (type === 0 ? '...' : declaration(btf, type, name)));
}

/** `struct file * file`: the star stands by itself. Arrays and functions are written around their name. */
function declaration(btf: Btf, type: TypeId, name: string): string {
  const text = declarationInC(btf, type, name);
  return /[([]/.test(text) ? text : text.replace(/(\*+)(const |volatile |restrict )*(?=\w+$)/, '$1 $2');
}
