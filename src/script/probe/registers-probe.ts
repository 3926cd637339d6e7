/** Probes whose context is a set of registers: kprobe, kretprobe, uprobe, uretprobe. */

import { AttachType, ProgramType } from '../../kernel/spec.ts';
import { constantArgument } from '../builtin/arguments.ts';
import { ProgramError } from '../diagnostic.ts';
import type { Memory } from '../emit/emitter.ts';
import { registerMember, registersOf } from '../emit/registers.ts';
import type { Environment } from '../environment.ts';
import { fromBtf, types } from '../lower/data-type.ts';
import type { Operand } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';
import { argumentOperand, namedParts } from './arguments.ts';
import { type Attachment, elsewhere, type ProbePlan } from './plan.ts';
import { type Signature, signatureOf } from './tracing.ts';

function register(l: Lowering, name: string | number): Operand {
  const member = registerMember(l.program.environment, name);
  return {
    kind: 'scalar',
    value: l.b.load(8, l.context, member?.offset ?? 0, { invariant: true }),
    type: types.u64,
  };
}

interface RegistersProbe {
  readonly title: string;
  readonly attachment: Attachment;
  readonly retprobe: boolean;
  /** What an argument that is an address points into. */
  readonly memory: Memory;
  /** Only kernel functions. */
  readonly signature?: Signature | undefined;
}

function plan(
  { title, attachment, retprobe, memory, signature }: RegistersProbe,
  environment: Environment,
): ProbePlan {
  const registers = registersOf(environment.architecture);
  const parts = retprobe ? ['ret', 'ip'] : signature ? ['args', 'arg', 'ip'] : ['arg', 'ip'];
  return {
    title,
    programType: ProgramType.kprobe,
    ...(attachment.kind === 'uprobe' && environment.uprobeMulti
      ? { attachType: AttachType.traceUprobeMulti }
      : {}),
    attachment,
    typedPointers: true,
    names: () => parts,
    explain: (part) => elsewhere[part],
    member(l, part) {
      if (!parts.includes(part)) return undefined;
      switch (part) {
        case 'ret': {
          const raw = register(l, registers.result);
          if (raw.kind !== 'scalar') return raw;
          if (!signature || signature.returns === 0) return { ...raw, type: types.i64 };
          return argumentOperand(l, raw.value, fromBtf(environment.btf, signature.returns), memory);
        }
        case 'ip':
          return register(l, registers.instruction);
        case 'arg':
          return {
            kind: 'operation',
            name: 'k.arg',
            call(args, node) {
              if (args.length !== 1)
                return l.fail(node, messages.argumentCount('k.arg', '1 argument', args.length));
              const index = constantArgument(l, args[0], 'the number of the argument');
              const name = registers.arguments[Number(index)];
              if (index < 0n || name === undefined)
                return l.fail(args[0], messages.outOfBounds(index, registers.arguments.length));
              return register(l, name);
            },
          };
        default: {
          const parameters = signature?.parameters ?? [];
          return namedParts(
            `the arguments of ${title}`,
            parameters.map(({ name }) => name),
            (name) => {
              const index = parameters.findIndex((parameter) => parameter.name === name);
              const source = index < 0 ? undefined : registers.arguments[index];
              const raw = source === undefined ? undefined : register(l, source);
              if (raw?.kind !== 'scalar') return undefined;
              return argumentOperand(l, raw.value, fromBtf(environment.btf, parameters[index].type), memory);
            },
          );
        }
      }
    },
  };
}

/** `kprobe:FUNCTION` or `kprobe:FUNCTION+OFFSET`; whether the function exists is asked when attaching. */
export function kprobePlan(
  title: string,
  kind: 'kprobe' | 'kretprobe',
  parts: readonly string[],
  environment: Environment,
): ProbePlan {
  const match = /^([\w.]+)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(parts.join(':'));
  if (!match || (kind === 'kretprobe' && match[2])) {
    throw new ProgramError(messages.probeSyntax(title, `${kind}:FUNCTION, such as ${kind}:vfs_read`));
  }
  const [, symbol, offset] = match;
  const retprobe = kind === 'kretprobe';
  const attachment: Attachment = { kind: 'kprobe', symbol, offset: Number(offset ?? 0), retprobe };
  return plan(
    { title, attachment, retprobe, memory: 'kernelRaw', signature: signatureOf(environment, symbol) },
    environment,
  );
}

/** `uprobe:PATH:SYMBOL`, `uprobe:PATH:SYMBOL+OFFSET` or `uprobe:PATH:0xOFFSET`. */
export function uprobePlan(
  title: string,
  kind: 'uprobe' | 'uretprobe',
  parts: readonly string[],
  environment: Environment,
): ProbePlan {
  const place = parts[parts.length - 1] ?? '';
  const path = parts.slice(0, -1).join(':');
  const address = /^(0x[0-9a-f]+|\d+)$/i.test(place);
  const match = /^([^+]+)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(place);
  if (!path || !match) {
    throw new ProgramError(
      messages.probeSyntax(title, `${kind}:PATH:FUNCTION, such as ${kind}:/bin/bash:readline`),
    );
  }
  const symbol = address ? '' : match[1];
  const offset = Number(address ? place : (match[2] ?? 0));
  const retprobe = kind === 'uretprobe';
  return plan(
    { title, attachment: { kind: 'uprobe', path, symbol, offset, retprobe }, retprobe, memory: 'user' },
    environment,
  );
}
