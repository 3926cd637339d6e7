/** What goes to the user. */

import {
  addressAt,
  bytesReader,
  copyBytes,
  copyIn,
  stringReader,
  zero,
} from '../../../script/emit/memory.ts';
import type { Expr, MapExpr } from '../../ast/nodes.ts';
import type { Action, Field } from '../../compiled.ts';
import { type Format, parseFormat } from '../../print/format-spec.ts';
import { layoutOf, roundUp } from '../../types/layout.ts';
import { hasBuckets, int64, isAggregate, string, type Type, uint64 } from '../../types/type.ts';
import { behind } from '../access.ts';
import { type Argument, locationOf } from '../actions.ts';
import { entryType } from '../aggregates.ts';
import { eachIndex } from '../each-index.ts';
import { numberField } from '../kernel-field.ts';
import { type Lowered, nothing } from '../lowered.ts';
import { keyOf } from '../maps.ts';
import { clear, frameMemory } from '../memory.ts';
import { sequencePrintf } from '../sequence.ts';
import type { Lowering } from '../state.ts';
import { tracePrintk } from '../trace-pipe.ts';
import { some } from '../walk.ts';
import type { Call, LowerBuiltins } from './lower-builtin.ts';

/** Arguments as they go into a record. */
function argument(l: Lowering, expr: Expr): Argument {
  const type = sentType(l, expr);
  return { type, value: () => l.lower(expr) };
}

function sentType(l: Lowering, expr: Expr): Type {
  const known = l.facts.constantOf(expr);
  if (typeof known === 'string') return string(known.length + 1);
  const type = l.facts.typeOf(expr);
  return isAggregate(type) ? entryType(type) : type;
}

/** It does something besides having a value: it has to happen even if no record can be had, and before it is sent. */
function hasEffect(l: Lowering, expr: Expr): boolean {
  // Each read may have a failure to tell.
  if (l.script.environment.helperWarnings) return true;
  return some(expr, (node) => {
    switch (node.kind) {
      case 'unary':
        return node.operator === '++' || node.operator === '--';
      case 'assign':
      case 'return':
      case 'break':
      case 'continue':
      case 'for':
      case 'while':
        return true;
      case 'binary':
        // Dividing by zero is told.
        return (
          (node.operator === '/' || node.operator === '%') && l.facts.constantOf(node.right) === undefined
        );
      case 'identifier':
        return node.name === 'cpid';
      case 'call':
        return effects.has(node.name);
      default:
        return false;
    }
  });
}

const effects: ReadonlySet<string> = new Set([
  ...[
    'delete',
    'print',
    'printf',
    'errorf',
    'warnf',
    'cat',
    'system',
    'join',
    'time',
    'clear',
    'zero',
    'exit',
  ],
  ...[
    'find',
    'assert',
    'skboutput',
    'unwatch',
    'override',
    'signal',
    'signal_thread',
    'write_user',
    'debugf',
    'cpid',
  ],
]);

function formatOf(l: Lowering, [first]: readonly Expr[]): Format {
  const parsed = parseFormat(String(l.facts.constantOf(first!)));
  if (typeof parsed === 'string') throw new Error(`internal: ${parsed}`);
  return parsed;
}

function formatted(kind: 'printf' | 'errorf' | 'warnf' | 'system' | 'cat') {
  return (l: Lowering, call: Call, args: readonly Expr[]): Lowered => {
    const format = formatOf(l, args);
    const values = args.slice(1);
    // An iterator prints into the file that it is read from.
    if (kind === 'printf' && l.hook.compiled.kind === 'iterator' && sequencePrintf(l, format, values))
      return nothing;
    const first = values.some((value) => hasEffect(l, value));
    const location = locationOf(call.span);
    const make = (fields: readonly Field[]): Action => ({ kind, format, args: fields, location });
    l.script.actions.send(
      l,
      values.map((value) => argument(l, value)),
      make,
      { first },
    );
    return nothing;
  };
}

/** `print(value)`, `print(@m[, top[, div]])`. */
function print(l: Lowering, _: Call, [of, ...rest]: readonly Expr[]): Lowered {
  const { actions } = l.script;
  if (of?.kind === 'map' && of.key === undefined) {
    const numbers = rest.map((expr): Argument => ({ type: int64, value: () => l.lower(expr) }));
    actions.send(l, numbers, ([top, div]) => ({ kind: 'printMap', map: of.name, top, div }));
    return nothing;
  }
  if (of?.kind === 'map' && hasBuckets(l.script.map(of.name).checked.value)) return printEntry(l, of);
  actions.send(l, [argument(l, of!)], ([value]) => ({ kind: 'print', value: value! }), {
    first: hasEffect(l, of!),
  });
  return nothing;
}

/** A histogram is many entries of the kernel's map: user space gathers them by their key. */
function printEntry(l: Lowering, of: MapExpr): Lowered {
  const { size } = layoutOf(l.script.map(of.name).checked.key);
  const key = keyOf(l, of);
  const at = 8;
  l.script.actions.sendRaw(l, at + size, { kind: 'printEntry', map: of.name, key: at }, (record) => {
    if (size > inlineKey) copyIn(l, addressAt(l, record, at), size, key, 0, 'direct');
    else copyBytes(l, { base: record, offset: at }, { base: key, offset: 0, memory: 'direct' }, size);
    const end = at + size;
    zero(l, record, end, roundUp(end, 8) - end);
  });
  return nothing;
}

/** Longer keys are copied by a helper. */
const inlineKey = 64;

// 16 strings of at most 1024 bytes.
const joined = 16;
const joinWidth = 1024;

/** `join(argv)`: the strings of an array of addresses, up to the first that is 0. */
function join(l: Lowering, _: Call, [array, separator]: readonly Expr[]): Lowered {
  const { b } = l;
  const known = separator && l.facts.constantOf(separator);
  const lowered = l.lower(array!);
  const source = behind(
    l,
    lowered.kind === 'scalar' ? lowered : { kind: 'scalar', value: l.number(array!), type: uint64 },
    uint64,
  );
  const [countAt, first] = [8, 16];
  const action: Action = {
    kind: 'join',
    separator: typeof known === 'string' ? known : ' ',
    count: { offset: countAt, type: uint64 },
    first,
    width: joinWidth,
  };
  l.script.actions.sendRaw(l, first + joined * joinWidth, action, (record) => {
    clear(l, record, countAt, 8 + joined * joinWidth);
    const pointer = frameMemory(l, 'string', 8);
    const count = eachIndex(l, joined, (index, next, out) => {
      const strings = addressAt(l, source.base, source.offset);
      const entry = b.binary('add', strings, b.binary('shl', index, b.constant(3)));
      l.call(bytesReader(source.memory), [pointer, b.constant(8), entry]);
      const text = b.load(8, pointer, 0);
      const there = b.block('there');
      b.branch('ne', text, b.constant(0), there, out);
      b.begin(there);
      const place = b.binary('add', record, b.binary('mul', index, b.constant(joinWidth)), 64, record.type);
      l.call(stringReader(source.memory), [addressAt(l, place, first), b.constant(joinWidth), text]);
      b.jump(next);
    });
    b.store(8, record, countAt, count);
  });
  return nothing;
}

/** Bytes of a packet in one record. */
const packetRoom = 65_536;

function skboutput(l: Lowering, call: Call, [path, skb, length, offset]: readonly Expr[]): Lowered {
  const { b } = l;
  const type = l.facts.typeOf(call);
  const file = String(l.facts.constantOf(path!));
  const data = numberOfSkb(l, l.lower(skb!));
  const wanted = l.number(length!);
  const start = l.number(offset!);
  const [lengthAt, first] = [8, 16];
  const action: Action = { kind: 'skboutput', path: file, length: { offset: lengthAt, type: uint64 }, first };
  const result = b.variable('result');
  b.write(result, b.constant(-28));
  l.script.actions.sendRaw(l, first + packetRoom, action, (record) => {
    clear(l, record, lengthAt, 8 + packetRoom);
    const most = b.variable('bytes');
    b.write(most, wanted);
    l.choose(
      (yes, no) => b.branch('ugt', wanted, b.constant(packetRoom), yes, no),
      () => b.write(most, b.constant(packetRoom)),
    );
    const bytes = b.read(most);
    b.store(8, record, lengthAt, bytes);
    const read = l.call('probe_read_kernel', [
      addressAt(l, record, first),
      bytes,
      b.binary('add', data, start),
    ]);
    b.write(result, read);
  });
  return { kind: 'scalar', value: b.read(result), type };
}

function numberOfSkb(l: Lowering, lowered: Lowered): ReturnType<Lowering['number']> {
  const memory = lowered.kind === 'scalar' && lowered.memory === 'kernelTyped' ? 'kernelTyped' : 'kernelRaw';
  const base = lowered.kind === 'scalar' ? lowered.value : l.b.constant(0);
  return numberField(l, { struct: 'sk_buff', base, memory }, 'data');
}

export const output: LowerBuiltins<
  'print' | 'printf' | 'errorf' | 'warnf' | 'cat' | 'system' | 'debugf' | 'join' | 'skboutput'
> = {
  print,
  printf: formatted('printf'),
  errorf: formatted('errorf'),
  warnf: formatted('warnf'),
  cat: formatted('cat'),
  system: formatted('system'),
  debugf(l: Lowering, call: Call, args: readonly Expr[]): Lowered {
    tracePrintk(l, formatOf(l, args), args.slice(1), call.span);
    return nothing;
  },
  join,
  skboutput,
};
