/**
 * `iter:KIND`: the kernel walks its objects and runs the body for each; what the body writes is read by
 * user space. A body that reads user memory makes it an iterator that may sleep (Linux 5.18).
 */
import type { Node } from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import { AttachType, ProgramType } from '../../kernel/spec.ts';
import { ProgramError } from '../diagnostic.ts';
import type { Environment } from '../environment.ts';
import { type DataType, fromBtf, sizeOf, types } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { addressOf, aggregate } from '../lower/memory.ts';
import { describe, type Operand } from '../lower/operand.ts';
import { scalarOf } from '../lower/scalar.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';
import { argumentOperand, namedParts } from './arguments.ts';
import { elsewhere, type ProbePlan } from './plan.ts';

export function iteratorPlan(title: string, parts: readonly string[], { btf }: Environment): ProbePlan {
  const [name] = parts;
  if (parts.length !== 1 || !name)
    throw new ProgramError(messages.probeSyntax(title, 'iter:KIND, such as iter:task'));
  const id = btf.find(`bpf_iter__${name}`, 'struct');
  if (id === undefined) {
    const near = btf
      .suggest(`bpf_iter__${name}`, 'struct')
      .map((each) => `iter:${each.replace('bpf_iter__', '')}`);
    throw new ProgramError(messages.unknownProbe(title, 'this kernel has no such iterator', near));
  }
  const context = fromBtf(btf, id);
  const names =
    context.kind === 'struct'
      ? context.memberNames().filter((member) => member !== 'meta' && member !== '')
      : [];

  /** Members of the context are pointers or numbers; the verifier knows the pointers' types. */
  const part = (l: Lowering, member: string): Operand | undefined => {
    const found = context.kind === 'struct' ? context.member(member) : undefined;
    if (!found) return undefined;
    const size = sizeOf(found.type);
    const raw = l.b.load(size as 8, l.context, found.offset, { invariant: true });
    return argumentOperand(l, raw, found.type, 'kernelTyped');
  };
  const meta = (l: Lowering, field: string): { value: Value; type: DataType } | undefined => {
    const pointer = part(l, 'meta');
    if (pointer?.kind !== 'pointer' || pointer.target?.kind !== 'struct') return undefined;
    const found = pointer.target.member(field);
    return found && { value: l.b.load(8, pointer.value, found.offset), type: found.type };
  };
  return {
    title,
    programType: ProgramType.tracing,
    attachType: AttachType.traceIter,
    attachTarget: { kind: 'iterator', name },
    attachment: { kind: 'iterator' },
    maySleep: true,
    typedPointers: true,
    names: () => ['item', 'write', 'sequence'],
    explain: (name) => elsewhere[name],
    member(l, name) {
      switch (name) {
        case 'item':
          return namedParts(`the item of ${title}`, names, (member) => part(l, member));
        case 'sequence': {
          const number = meta(l, 'seq_num');
          return number && { kind: 'scalar', value: number.value, type: types.u64 };
        }
        case 'write':
          return {
            kind: 'operation',
            name: 'k.write',
            call: (args, node) => write(l, meta(l, 'seq')?.value, args, node),
          };
        default:
          return undefined;
      }
    },
  };
}

/** bpf_seq_write of a whole value, or of its first bytes. */
function write(l: Lowering, sequence: Value | undefined, args: readonly Node[], node: Node): Operand {
  if (args.length < 1 || args.length > 2)
    return l.fail(node, messages.argumentCount('k.write', '1 or 2 arguments', args.length));
  const operand = expression(l, args[0]);
  const place = aggregate(operand);
  if (place?.memory !== 'direct' || !sequence)
    return l.fail(args[0], messages.wrongType('a record to write', describe(operand)));
  if (place.scratch && !args[1])
    return l.fail(node, messages.argumentCount('k.write of a buffer', 'its length too', 1));
  const length = args[1]
    ? scalarOf(l, expression(l, args[1]), args[1]).value
    : l.b.constant(sizeOf(place.type));
  const result = l.call('seq_write', [sequence, addressOf(l, place), length]);
  return { kind: 'scalar', value: result, type: types.i64 };
}
