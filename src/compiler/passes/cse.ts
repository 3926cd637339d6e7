/**
 * Common subexpressions: what a dominating instruction has computed already is not computed again, and a
 * branch whose condition a dominating branch has decided becomes a jump.
 *
 * A walk over the dominator tree with a table of what is known on the way from the root. One register
 * stands for the value afterwards, which is also what the verifier needs: bounds that were checked
 * belong to the register that was checked.
 */
import { inverseCompare, swappedCompare } from '../evaluate.ts';
import { dominators, operandKey, questionKey, Replacements, reversePostorder, tidyGraph } from '../graph.ts';
import { type Block, type IrFunction, mapOperands, type Terminator, type Value } from '../ir.ts';

export function shareCommon(fn: IrFunction): boolean {
  const order = reversePostorder(fn.blocks[0]);
  const tree = dominators(order);
  const replaced = new Replacements();
  const known = new Map<string, Value>();
  const decided = new Map<string, boolean>();
  let edges = false;

  const visit = (at: number): (() => void) => {
    const block = order[at];
    const undo: (() => void)[] = [];
    const learn = (key: string, truth: boolean): void => {
      const before = decided.get(key);
      decided.set(key, truth);
      undo.push(() => (before === undefined ? decided.delete(key) : decided.set(key, before)));
    };
    learnFromEdge(block, replaced, learn);
    let kept = 0;
    for (const value of block.values) {
      mapOperands(value, replaced.resolve);
      const key = keyOf(value);
      if (key !== undefined) {
        const earlier = known.get(key);
        if (earlier) {
          replaced.set(value, earlier);
          continue;
        }
        known.set(key, value);
        undo.push(() => known.delete(key));
      }
      block.values[kept++] = value;
    }
    block.values.length = kept;
    const end = block.terminator;
    if (end?.kind === 'branch') {
      end.left = replaced.resolve(end.left);
      end.right = replaced.resolve(end.right);
      const truth = decided.get(conditionKey(end));
      if (truth !== undefined) {
        block.terminator = { kind: 'jump', target: truth ? end.then : end.otherwise, source: end.source };
        edges = true;
      }
    } else if (end?.kind === 'return') end.value = replaced.resolve(end.value);
    return () => {
      for (let i = undo.length - 1; i >= 0; i--) undo[i]();
    };
  };

  // Depth first without recursion: programs can be deep chains of blocks.
  const stack: { readonly at: number; next: number; readonly leave: () => void }[] = [];
  if (order.length > 0) stack.push({ at: 0, next: 0, leave: visit(0) });
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    const children = tree.children[top.at];
    if (top.next < children.length) {
      const child = children[top.next++];
      stack.push({ at: child, next: 0, leave: visit(child) });
    } else {
      top.leave();
      stack.pop();
    }
  }
  if (replaced.size > 0) {
    for (const block of order) {
      for (const value of block.values) mapOperands(value, replaced.resolve);
      const end = block.terminator;
      if (end?.kind === 'branch') {
        end.left = replaced.resolve(end.left);
        end.right = replaced.resolve(end.right);
      } else if (end?.kind === 'return') end.value = replaced.resolve(end.value);
    }
  }
  if (edges) tidyGraph(fn);
  return replaced.size > 0 || edges;
}

/** Equal keys mean equal results; undefined for what must be executed each time. */
function keyOf(value: Value): string | undefined {
  switch (value.kind) {
    case 'binary':
      return `${value.op}${value.width} ${operandKey(value.left)} ${operandKey(value.right)}`;
    case 'compare':
      return `c${conditionKey(value)}`;
    case 'extend':
      return `e${value.signed ? 's' : 'u'}${value.from} ${operandKey(value.value)}`;
    case 'byteSwap':
      return `b${value.bits} ${operandKey(value.value)}`;
    case 'load':
      if (!value.invariant) return undefined;
      return `l${value.signed ? 's' : 'u'}${value.size} ${operandKey(value.base)} ${value.offset}${value.question ? questionKey(value.question) : ''}`;
    case 'call':
      if (value.callee.kind === 'function' || !value.callee.pure) return undefined;
      return `${value.callee.kind}${value.callee.kind === 'helper' ? value.callee.id : value.callee.btfId}(${value.args.map(operandKey).join(' ')})`;
    case 'phi':
      return undefined;
    default:
      return undefined;
  }
}

function conditionKey(
  c: Extract<Terminator, { kind: 'branch' }> | Extract<Value, { kind: 'compare' }>,
): string {
  return `${c.op}${c.width} ${operandKey(c.left)} ${operandKey(c.right)}`;
}

/** A block that only one edge of a branch leads to knows what that branch found. */
function learnFromEdge(
  block: Block,
  replaced: Replacements,
  learn: (key: string, truth: boolean) => void,
): void {
  if (block.predecessors.length !== 1) return;
  const end = block.predecessors[0].terminator;
  if (end?.kind !== 'branch' || end.then === end.otherwise) return;
  const left = operandKey(replaced.resolve(end.left));
  const right = operandKey(replaced.resolve(end.right));
  const truth = end.then === block;
  const note = (op: Extract<Terminator, { kind: 'branch' }>['op'], value: boolean): void => {
    learn(`${op}${end.width} ${left} ${right}`, value);
    learn(`${swappedCompare[op]}${end.width} ${right} ${left}`, value);
  };
  note(end.op, truth);
  const inverse = inverseCompare[end.op];
  if (inverse) note(inverse, !truth);
}
