/**
 * Flags of memory allocations as text: `GFP_KERNEL|__GFP_ZERO`. The kernel's numbers move between versions, so its
 * own table is read: the format of the tracepoint kmem:kmalloc prints them with `__print_flags`, whose list has a
 * value and a name each, largest sets first.
 *
 *     {( unsigned long)((( gfp_t)((((1UL))) << (___GFP_IO_BIT))) | …), "GFP_KERNEL"}, …
 */
import { readFileSync } from 'node:fs';
import { tracefs } from '../../kernel/mounts.ts';
import { vmlinux } from '../../kernel/vmlinux.ts';
import { findBtfEnumerator } from '../types/btf-types.ts';

interface Flag {
  readonly value: bigint;
  readonly name: string;
}

/** Values of names such as `___GFP_IO_BIT`. */
type NameValue = (name: string) => bigint | undefined;

export class GfpFlags {
  #flags: readonly Flag[] | undefined;

  text(flags: bigint): string {
    this.#flags ??= readFlags();
    return flagsText(flags, this.#flags);
  }
}

/** What is set and has a name, then the rest as a number. */
export function flagsText(flags: bigint, table: readonly Flag[]): string {
  let rest = flags;
  const parts: string[] = [];
  for (const { value, name } of table) {
    if (value === 0n || (rest & value) !== value) continue;
    parts.push(name);
    rest &= ~value;
  }
  if (rest !== 0n) parts.push(`0x${rest.toString(16)}`);
  else if (parts.length === 0) parts.push('0');
  return parts.join('|');
}

function readFlags(): Flag[] {
  try {
    const format = readFileSync(`${tracefs()}/events/kmem/kmalloc/format`, 'latin1');
    return parseFlags(format, (name) => findBtfEnumerator(vmlinux(), name)?.value);
  } catch {
    return [];
  }
}

export function parseFlags(format: string, named: NameValue): Flag[] {
  const list = /__print_flags\([^,]*gfp_flags,\s*"\|",(.*)$/m.exec(format)?.[1] ?? '';
  const flags: Flag[] = [];
  for (const [, expression, name] of list.matchAll(/\{([^{}"]*),\s*"(\w+)"\s*\}/g)) {
    const value = new Expression(expression ?? '', named).value();
    if (value !== undefined) flags.push({ value: BigInt.asUintN(64, value), name: name! });
  }
  return flags;
}

/** Constants of C with `| & << ~ + -`, parentheses, casts and names. */
class Expression {
  readonly #tokens: readonly string[];
  readonly #named: NameValue;
  #at = 0;

  constructor(text: string, named: NameValue) {
    // A cast is a type in parentheses: it changes nothing here.
    const bare = text.replace(/\(\s*(?:unsigned\s+(?:long|int)|gfp_t|unsigned)\s*\)/g, ' ');
    this.#tokens = bare.match(/0[xX][0-9a-fA-F]+|\d+|\w+|<<|[|&~()+-]/g)?.map((token) => token) ?? [];
    this.#named = named;
  }

  /** Undefined for what this does not understand. */
  value(): bigint | undefined {
    try {
      const value = this.#or();
      return this.#at === this.#tokens.length ? value : undefined;
    } catch {
      return undefined;
    }
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #or(): bigint {
    let value = this.#and();
    while (this.#take('|')) value |= this.#and();
    return value;
  }

  #and(): bigint {
    let value = this.#shift();
    while (this.#take('&')) value &= this.#shift();
    return value;
  }

  #shift(): bigint {
    let value = this.#sum();
    while (this.#take('<<')) value <<= BigInt.asUintN(6, this.#sum());
    return value;
  }

  #sum(): bigint {
    let value = this.#unary();
    for (;;) {
      if (this.#take('+')) value += this.#unary();
      else if (this.#take('-')) value -= this.#unary();
      else return value;
    }
  }

  #unary(): bigint {
    if (this.#take('~')) return ~this.#unary();
    if (this.#take('(')) {
      const value = this.#or();
      if (!this.#take(')')) throw new SyntaxError('a parenthesis is missing');
      return value;
    }
    const token = this.#tokens[this.#at++] ?? '';
    const digits = /^(0[xX][0-9a-fA-F]+|\d+)/.exec(token)?.[1];
    if (digits !== undefined) {
      // UL and the like are separate tokens in hexadecimal numbers only if letters follow.
      while (/^[uUlL]+$/.test(this.#tokens[this.#at] ?? '')) this.#at++;
      return BigInt(digits);
    }
    const value = this.#named(token);
    if (value === undefined) throw new SyntaxError(`${token} is not known`);
    return value;
  }
}
