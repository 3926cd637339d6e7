/** For tests: a small kernel, and scripts checked against it. */
import type { AttachPoint } from '../ast/nodes.ts';
import { type Diagnostic, Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import type { ProbeTarget, Provider, ResolvedProbe } from '../probes/resolved.ts';
import { positionOf } from '../source.ts';
import {
  int8,
  int32,
  int64,
  pointerTo,
  type StructMember,
  type StructType,
  string,
  type Type,
  uint8,
  uint32,
  uint64,
} from '../types/type.ts';
import { type Checked, checkProgram } from './check.ts';
import type { CheckEnvironment } from './environment.ts';

type Member = Pick<StructMember, 'name' | 'type' | 'offset'> & Partial<StructMember>;

export function structOf(name: string, size: number, members: readonly Member[]): StructType {
  return {
    kind: 'struct',
    name,
    size,
    align: 8,
    member: (wanted) => members.find((member) => member.name === wanted),
    memberNames: () => members.map((member) => member.name),
  };
}

const path = structOf('struct path', 16, [{ name: 'dentry', type: uint64, offset: 8 }]);
export const task: StructType = structOf('struct task_struct', 64, [
  { name: 'pid', type: int32, offset: 0 },
  { name: 'tgid', type: int32, offset: 4 },
  { name: 'comm', type: string(16), offset: 8 },
  { name: 'flags', type: uint32, offset: 24, bitfield: { shift: 3, size: 2 } },
  { name: 'cpus', type: { kind: 'array', element: int32, length: 4 }, offset: 32 },
  // A type of its own would be without end.
  {
    name: 'parent',
    offset: 48,
    get type(): Type {
      return pointerTo(task, 'kernel');
    },
  },
]);
const color: Type = {
  kind: 'enum',
  name: 'enum color',
  bits: 32,
  signed: false,
  values: [
    { name: 'RED', value: 0n },
    { name: 'BLUE', value: 7n },
  ],
};
const open = structOf('struct args', 32, [
  { name: 'dfd', type: int64, offset: 8 },
  { name: 'filename', type: pointerTo(int8, 'user'), offset: 16 },
  { name: 'flags', type: uint64, offset: 24 },
]);
const fentry = structOf('struct args', 24, [
  { name: 'task', type: pointerTo(task, 'kernel'), offset: 0 },
  { name: 'f_path', type: path, offset: 8 },
]);
const types: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['struct task_struct', task],
  ['struct path', path],
  ['struct pt_regs', structOf('struct pt_regs', 168, [{ name: 'ip', type: uint64, offset: 128 }])],
  [
    'struct bpf_iter__task',
    structOf('struct bpf_iter__task', 16, [{ name: 'task', type: pointerTo(task), offset: 8 }]),
  ],
  ['enum color', color],
  ['pid_t', int32],
  ['u8', uint8],
]);

const special = new Set<string>(['begin', 'end', 'self', 'test', 'bench']);
const timers = new Set<string>(['interval', 'profile', 'software', 'hardware', 'watchpoint']);

/** Every probe exists; `a,b` behind the last colon are two targets, `missing` is none. */
function resolve(attachPoint: AttachPoint, diagnostics: Diagnostics): readonly ResolvedProbe[] {
  const [type = '', ...parts] = attachPoint.text.split(':');
  const provider = type.toLowerCase() as Provider;
  const last = parts.at(-1) ?? '';
  if (last === 'missing') {
    diagnostics.error(attachPoint.span, `No matches for ${provider} target:missing.`);
    return [];
  }
  const targets = last.split('*').map((event): ProbeTarget => {
    const name = [provider, ...parts.slice(0, -1), ...(event === '' ? [] : [event])].join(':');
    if (special.has(provider)) return { kind: 'special', name };
    if (provider === 'tracepoint') return { kind: 'tracepoint', name, category: parts[0]!, event };
    if (provider === 'rawtracepoint') return { kind: 'rawtracepoint', name, event };
    if (provider === 'iter') return { kind: 'iterator', name, iterator: event };
    if (timers.has(provider)) return { kind: 'timer', name, everyCpu: provider === 'profile' };
    if (provider === 'usdt' || provider.startsWith('u')) {
      return { kind: 'userFunction', name, path: parts[0]!, symbol: event, fileOffset: 64n };
    }
    return { kind: 'kernelFunction', name, symbol: event, offset: 0 };
  });
  return [{ provider, attachPoint, targets, name: targets[0]!.name }];
}

export const testEnvironment: CheckEnvironment = {
  types: {
    type: (name, tag) => types.get(tag === undefined ? name : `${tag} ${name}`),
    constant(name) {
      if (name === 'BLUE') return { value: 7n, type: color };
      if (name === 'LIMIT') return { value: 100n };
      return name === 'GREETING' ? { value: 'hello' } : undefined;
    },
  },
  variables: {},
  unsafe: false,
  cpus: 4,
  architecture: 'x64',
  child: false,
  positional: [],
  named: new Map(),
  resolve: (attachPoint, _config, diagnostics) => resolve(attachPoint, diagnostics),
  argumentsOf({ provider }) {
    if (provider === 'tracepoint') return open;
    if (provider === 'uprobe') return { missing: 'No debug information.' };
    return fentry;
  },
  returnOf: () => pointerTo(task, 'kernel'),
  kernelSymbol: (name) => (name === 'jiffies' ? 0xffff_ffff_8000_0000n : undefined),
  kernelFunction: (name) => name === 'bpf_strlen' || name === 'bpf_task_from_pid',
  cgroupId: (at) => (at === '/cgroup' ? 42n : undefined),
};

export function check(text: string, changes: Partial<CheckEnvironment> = {}): Checked {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'stdin', text }, diagnostics);
  if (diagnostics.failed) throw new Error(diagnostics.list.map(shown).join('\n'));
  return checkProgram(program, { ...testEnvironment, ...changes });
}

/** `error 8-10: message (hint) [related]`: columns of the first line, line where it is another. */
export function shown({ severity, message, span, hint, related }: Diagnostic): string {
  let place = '';
  if (span !== undefined) {
    const { line, column } = positionOf(span.source, span.start);
    place = ` ${line === 1 ? '' : `${line}:`}${column}-${column + span.end - span.start}`;
  }
  const more = related?.map((one) => ` [${one.message}]`).join('') ?? '';
  return `${severity}${place}: ${message}${hint === undefined ? '' : ` (${hint})`}${more}`;
}

export const saidOf = (text: string, changes: Partial<CheckEnvironment> = {}): string[] =>
  check(text, changes).diagnostics.list.map(shown);
