/**
 * The intermediate form as text: for tests, for `-d ir`, and for people.
 *
 *     entry f(ctx)
 *       slot key: 16 bytes
 *     b0 entry:
 *       %0 = parameter 0
 *       %3 = call map_lookup_elem(map events, &key)
 *       branch eq %3, 0 -> b2 miss, b1 hit
 *
 * Constants and addresses are written where they are used: they are no instructions of their own.
 */
import type { KernelQuestion } from '../asm/instruction.ts';
import { isOperandOnly } from './facts.ts';
import {
  type Block,
  type IrFunction,
  type IrModule,
  type Terminator,
  unreachable,
  type Value,
  type Width,
} from './ir.ts';

export function printModule(module: IrModule): string {
  return module.functions.map(printFunction).join('\n');
}

export function printFunction(fn: IrFunction): string {
  const lines = [`${fn.role} ${fn.name}(${fn.parameters.map((p) => p.name).join(', ')})`];
  for (const slot of fn.slots) lines.push(`  slot ${slot.name}: ${slot.size} bytes`);
  for (const block of fn.blocks) {
    lines.push(`${label(block)}:`);
    for (const value of block.values) if (!isOperandOnly(value)) lines.push(`  ${printValue(value)}`);
    if (block.terminator) lines.push(`  ${printTerminator(block.terminator)}`);
  }
  return `${lines.join('\n')}\n`;
}

function label(block: Block): string {
  return `b${block.id} ${block.name}`;
}

function plus(offset: number): string {
  return offset === 0 ? '' : offset > 0 ? ` + ${offset}` : ` - ${-offset}`;
}

function suffix(width: Width): string {
  return width === 64 ? '' : '.32';
}

/** A value where it is used. */
export function printOperand(value: Value): string {
  switch (value.kind) {
    case 'constant':
      return value.value > 9999n || value.value < -9999n
        ? `0x${BigInt.asUintN(64, value.value).toString(16)}`
        : value.value.toString();
    case 'slotAddress':
      return `&${value.slot.name}${plus(value.offset)}`;
    case 'mapAddress':
      return `map ${value.map}`;
    case 'mapValueAddress':
      return `map ${value.map}[0]${plus(value.offset)}`;
    case 'functionAddress':
      return `function ${value.name}`;
    case 'kernelConstant':
      return `${questionText(value.question)}=${value.value}`;
    default:
      return `%${value.id}`;
  }
}

function printValue(value: Value): string {
  const at = (base: Value, offset: number) => `[${printOperand(base)}${plus(offset)}]`;
  const to = `%${value.id} = `;
  switch (value.kind) {
    case 'constant':
    case 'slotAddress':
    case 'mapAddress':
    case 'mapValueAddress':
    case 'functionAddress':
    case 'kernelConstant':
      return to + printOperand(value);
    case 'parameter':
      return `${to}parameter ${value.index}`;
    case 'binary':
      return `${to}${value.op}${suffix(value.width)} ${printOperand(value.left)}, ${printOperand(value.right)}`;
    case 'compare':
      return `${to}${value.op}${suffix(value.width)} ${printOperand(value.left)}, ${printOperand(value.right)}`;
    case 'extend':
      return `${to}${value.signed ? 'sext' : 'zext'}.${value.from} ${printOperand(value.value)}`;
    case 'byteSwap':
      return `${to}bswap.${value.bits} ${printOperand(value.value)}`;
    case 'load': {
      const { signed, size, invariant, base, offset, question } = value;
      const kind = `load.${signed ? 's' : 'u'}${size * 8}${invariant ? ' invariant' : ''}`;
      return `${to}${kind} ${at(base, offset)}${question ? ` ${questionText(question)}` : ''}`;
    }
    case 'store':
      return `store.${value.size * 8} ${at(value.base, value.offset)}, ${printOperand(value.value)}`;
    case 'atomic': {
      const expected = value.expected ? `, expected ${printOperand(value.expected)}` : '';
      return `${value.fetch ? to : ''}atomic ${value.op}.${value.size * 8} ${at(value.base, value.offset)}, ${printOperand(value.value)}${expected}`;
    }
    case 'call':
      return `${to}call ${value.callee.name}(${value.args.map(printOperand).join(', ')})`;
    case 'phi': {
      const from = [...value.incoming].map(([block, v]) => `b${block.id}: ${printOperand(v)}`);
      return `${to}phi ${from.join(', ')}`;
    }
    default:
      return unreachable(value);
  }
}

function printTerminator(end: Terminator): string {
  switch (end.kind) {
    case 'jump':
      return `jump ${label(end.target)}`;
    case 'branch':
      return `branch ${end.op}${suffix(end.width)} ${printOperand(end.left)}, ${printOperand(end.right)} -> ${label(end.then)}, ${label(end.otherwise)}`;
    case 'return':
      return `return ${printOperand(end.value)}`;
    default:
      return unreachable(end);
  }
}

/** `fieldOffset(task_struct.se.load)` */
function questionText({ kind, types, root, path }: KernelQuestion): string {
  return `${kind}(${[types.name(root), ...path].join('.')})`;
}
