/**
 * The rules of the intermediate form, checked: tests run it after every pass.
 *
 * Each value is defined once; each use is dominated by its definition (a phi's operand by the end of the
 * edge it comes over); phis stand first and have one operand for each predecessor; predecessors agree with
 * terminators; slots belong to the function.
 */
import { invalidForm, tooManyArguments } from './errors.ts';
import { isOperandOnly } from './facts.ts';
import { dominators, reversePostorder } from './graph.ts';
import {
  type Block,
  type IrFunction,
  type IrModule,
  operandsOf,
  successorsOf,
  terminatorOperands,
  type Value,
} from './ir.ts';

/** Throws CompileError 'invalid' for the first broken rule. */
export function validateModule(module: IrModule): void {
  for (const fn of module.functions) validateFunction(fn);
}

export function validateFunction(fn: IrFunction): void {
  const fail = (what: string): never => {
    throw invalidForm(fn.name, what);
  };
  if (fn.blocks.length === 0) fail('no blocks');
  const definedIn = new Map<Value, Block>();
  const position = new Map<Value, number>();
  const ids = new Set<number>();
  for (const block of fn.blocks) {
    if (!block.terminator) fail(`b${block.id} ${block.name} has no terminator`);
    let phis = true;
    for (const [i, value] of block.values.entries()) {
      if (ids.has(value.id)) fail(`%${value.id} is defined twice`);
      ids.add(value.id);
      definedIn.set(value, block);
      position.set(value, i);
      if (value.kind !== 'phi') phis = false;
      else if (!phis) fail(`phi %${value.id} stands behind other instructions`);
      if (value.kind === 'call' && value.args.length > 5) {
        throw tooManyArguments(fn.name, value.callee.name, value.args.length);
      }
    }
  }
  const order = reversePostorder(fn.blocks[0]);
  const reached = new Set(order);
  for (const block of order) {
    for (const next of successorsOf(block)) {
      if (!fn.blocks.includes(next)) fail(`b${block.id} leads to b${next.id}, which is not the function's`);
      if (!next.predecessors.includes(block)) fail(`b${next.id} does not know its predecessor b${block.id}`);
    }
    for (const from of block.predecessors) {
      if (reached.has(from) && !successorsOf(from).includes(block)) {
        fail(`b${block.id} names b${from.id} as predecessor, which does not lead to it`);
      }
    }
  }
  const tree = dominators(order);
  const check = (user: string, value: Value, block: Block, before: number): void => {
    if (isOperandOnly(value)) {
      if (value.kind === 'slotAddress' && !fn.slots.includes(value.slot)) {
        fail(`${user} names the slot ${value.slot.name}, which is not the function's`);
      }
      return;
    }
    const home = definedIn.get(value);
    if (!home) fail(`${user} uses %${value.id} (${value.kind}), which is in no block`);
    else if (home === block ? position.get(value)! >= before : !tree.dominates(home, block)) {
      fail(`${user} uses %${value.id} (${value.kind}), which is not defined on every way to it`);
    }
  };
  for (const block of order) {
    for (const [i, value] of block.values.entries()) {
      if (value.kind === 'phi') {
        if (value.incoming.size !== block.predecessors.length) {
          fail(`phi %${value.id} has ${value.incoming.size} operands for ${block.predecessors.length} edges`);
        }
        for (const [from, operand] of value.incoming) {
          if (!block.predecessors.includes(from)) fail(`phi %${value.id} has an operand for b${from.id}`);
          check(`phi %${value.id}`, operand, from, Number.POSITIVE_INFINITY);
        }
      } else for (const operand of operandsOf(value)) check(`%${value.id}`, operand, block, i);
    }
    for (const operand of terminatorOperands(block.terminator!)) {
      check(`the end of b${block.id}`, operand, block, Number.POSITIVE_INFINITY);
    }
  }
}
