/** `-d STAGE`: what the phases made of a script, as text. */
import { disassemble } from '../../asm/disassemble.ts';
import { helpers } from '../../compiler/helpers.ts';
import { printModule } from '../../compiler/print.ts';
import type { Node, Program } from '../../trace/ast/nodes.ts';
import { childrenOf } from '../../trace/ast/walk.ts';
import type { CheckedProgram, ExprFacts } from '../../trace/checked.ts';
import type { CompileOptions } from '../../trace/compile.ts';
import { typeText } from '../../trace/types/text.ts';
import type { DebugStage } from './options.ts';

type Hooks = Pick<CompileOptions, 'onProgram' | 'onChecked' | 'lower'>;

/** bpftrace's names for what is called otherwise here. */
const aliases: Readonly<Partial<Record<DebugStage, DebugStage>>> = {
  parse: 'ast',
  codegen: 'ir',
  'codegen-opt': 'ir',
  dis: 'asm',
};

const helperNames = new Map<number, string>(Object.entries(helpers).map(([name, { id }]) => [id, name]));
const helperName = (id: number): string | undefined => helperNames.get(id);

export function stageHooks(wanted: ReadonlySet<DebugStage>, print: (text: string) => void): Hooks {
  const stages = new Set([...wanted].map((stage) => aliases[stage] ?? stage));
  const part = (title: string, text: string): void =>
    print(`${title}\n${'-'.repeat(title.length)}\n${text}\n`);
  return {
    onProgram(program: Program) {
      if (stages.has('ast')) part('AST', treeText(program));
      return true;
    },
    onChecked(checked: CheckedProgram) {
      if (stages.has('types')) part('Types', typesText(checked));
      return true;
    },
    lower: {
      onModule: (module) => {
        if (stages.has('ir')) part(`IR of ${module.name}`, printModule(module));
      },
      onProgram: (name, { instructions }) => {
        if (stages.has('asm')) part(`Instructions of ${name}`, disassemble(instructions, { helperName }));
      },
    },
  };
}

/** A line a node, children further in; with the types of expressions where they are known. */
function treeText(node: Node, facts?: ExprFacts, indent = ''): string {
  let text = `${indent}${nodeText(node)}${typeOf(node, facts)}\n`;
  for (const child of childrenOf(node)) text += treeText(child, facts, `${indent}  `);
  return text;
}

function typesText(checked: CheckedProgram): string {
  let text = '';
  for (const { name, key, value, scalar } of checked.maps.values()) {
    text += `${name}${scalar ? '' : `[${typeText(key)}]`}: ${typeText(value)}\n`;
  }
  for (const { resolved, body, facts } of checked.probes) {
    text += `${resolved.name}\n${treeText(body, facts, '  ')}`;
  }
  return text;
}

function typeOf(node: Node, facts: ExprFacts | undefined): string {
  if (facts === undefined) return '';
  try {
    const type = facts.typeOf(node as Parameters<ExprFacts['typeOf']>[0]);
    return type.kind === 'none' ? '' : ` :: ${typeText(type)}`;
  } catch {
    return ''; // Statements and types have none.
  }
}

/** What of a node is no node: names, operators, literals. */
function nodeText(node: Node): string {
  const words: string[] = [node.kind];
  for (const name of ['name', 'operator', 'text', 'bytes', 'value', 'map', 'index', 'query'] as const) {
    if (!(name in node)) continue;
    const value = (node as unknown as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'string') words.push(name === 'bytes' ? JSON.stringify(value) : value);
    else if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
      words.push(String(value));
    }
  }
  return words.join(' ');
}
