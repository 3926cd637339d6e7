/**
 * Scripts by chance that mostly make sense: each expression is asked for by the type that its place needs, so most of
 * them get through the checker and into the compiler. The same seed gives the same scripts.
 */
import type { Chance } from '../fuzz/mutate.ts';

const PROBES = [
  'begin',
  'interval:s:1',
  'tracepoint:syscalls:sys_enter_openat',
  'tracepoint:syscalls:sys_exit_read',
  'rawtracepoint:sched_switch',
  'profile:hz:99',
  'end',
];

const WIDTHS = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'];
const AGGREGATES = [
  'count()',
  'sum(I)',
  'min(I)',
  'max(I)',
  'avg(I)',
  'stats(I)',
  'hist(I)',
  'lhist(I, 0, 100, 10)',
];
const CONVERSIONS = ['%d', '%u', '%x', '%5ld', '%-8lx', '%llu', '%c', '%o'];

/** Gives each map its types. */
const FIRST =
  'begin { @n[1] = 2; @word["w"] = "some text"; @t[1, "t"] = 3; @pair = (1, "p"); @text = "a text of some length"; }';

/** Makes scripts. */
export class ScriptWriter {
  readonly #chance: Chance;
  #probe = '';
  /** Scratch variables of the block that is written: integers and strings. */
  #integers: string[] = [];
  #strings: string[] = [];
  #loops = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  #one<T>(...choices: readonly T[]): T {
    return choices[this.#chance.below(choices.length)]!;
  }

  #maybe(oneIn: number): boolean {
    return this.#chance.below(oneIn) === 0;
  }

  script(): string {
    const probes = 1 + this.#chance.below(3);
    return [FIRST, ...Array.from({ length: probes }, () => this.#body())].join('\n');
  }

  #body(): string {
    this.#probe = this.#one(...PROBES);
    this.#integers = [];
    this.#strings = [];
    const predicate = this.#maybe(3) ? ` /${this.#condition(2)}/` : '';
    return `${this.#probe}${predicate} {${this.#statements(3)} }`;
  }

  #statements(depth: number): string {
    const integers = this.#integers.length;
    const strings = this.#strings.length;
    const list = Array.from({ length: 1 + this.#chance.below(4) }, () => this.#statement(depth));
    this.#integers.length = integers;
    this.#strings.length = strings;
    return list.map((text) => ` ${text}`).join('');
  }

  #statement(depth: number): string {
    const deep = depth - 1;
    const i = (): string => this.#integer(2);
    const s = (): string => this.#string(2);
    const nested = [
      () => `if (${this.#condition(2)}) {${this.#statements(deep)} }`,
      () => `if (${this.#condition(2)}) {${this.#statements(deep)} } else {${this.#statements(deep)} }`,
      () => `unroll (${1 + this.#chance.below(3)}) {${this.#statements(deep)} }`,
      () => {
        const name = `$l${this.#loops++}`;
        return `${name} = 0; while (${name} < ${this.#chance.below(5)}) { ${name}++;${this.#statements(deep)} }`;
      },
      () => {
        const name = `$r${this.#loops++}`;
        const range = `${this.#chance.below(3)}..${this.#one('5', `(${i()})`)}`;
        return `for ${name} : ${range} {${this.#loopBody(deep, [name])} }`;
      },
      () => {
        const name = `$k${this.#loops++}`;
        return `for ${name} : @n {${this.#loopBody(deep, [`((int64)${name}.0)`, `((int64)${name}.1)`])} }`;
      },
    ];
    const flat = [
      () => {
        const name = `$i${this.#loops++}`;
        const text = `${name} = (int64)(${i()});`;
        this.#integers.push(name);
        return text;
      },
      () => {
        const name = `$s${this.#loops++}`;
        const text = `${name} = ${s()};`;
        this.#strings.push(name);
        return text;
      },
      () => `@n[(int64)(${i()})] = (int64)(${i()});`,
      () => `@t[(int64)(${i()}), ${s()}] = (int64)(${i()});`,
      () => `@text = ${s()};`,
      () => `@word[${s()}] = ${s()};`,
      () => `@pair = ((int64)(${i()}), ${s()});`,
      () => `@a${this.#chance.below(2)}[(int64)(${i()})] = count();`,
      () => {
        const which = this.#chance.below(AGGREGATES.length);
        return `@g${which} = ${AGGREGATES[which]!.replaceAll('I', i())};`;
      },
      () => `printf("${this.#one(...CONVERSIONS)} %s\\n", ${i()}, ${s()});`,
      () => `print(${this.#one(i(), s(), `(${i()}, ${s()})`, '@n', '@word', '@pair', `{ ${i()} }`)});`,
      () => `delete(@n, (int64)(${i()}));`,
      () =>
        this.#one('clear(@n);', 'zero(@n);', 'print(@t, 3);', 'exit();', 'return;', 'time();', '@n[1]++;'),
      () => `if (${this.#condition(1)}) { return; }`,
    ];
    return this.#one(...(depth > 0 ? [...flat, ...flat, ...nested] : flat))();
  }

  /** In a loop there are no arguments of the probe. */
  #loopBody(depth: number, integers: readonly string[]): string {
    const probe = this.#probe;
    this.#probe = '';
    this.#integers.push(...integers);
    const text = this.#statements(depth);
    this.#integers.length -= integers.length;
    this.#probe = probe;
    return text;
  }

  #condition(depth: number): string {
    const i = (): string => this.#integer(depth - 1);
    const s = (): string => this.#string(depth - 1);
    const compare = this.#one('==', '!=', '<', '<=', '>', '>=');
    const choices = [
      () => `${i()} ${compare} ${i()}`,
      () => `${s()} ${this.#one('==', '!=')} ${s()}`,
      () => `strcontains(${s()}, ${s()})`,
      () => `has_key(@n, (int64)(${i()}))`,
      () => `!(${i()})`,
      ...(depth > 0
        ? [
            () => `(${this.#condition(depth - 1)}) && (${this.#condition(depth - 1)})`,
            () => `(${this.#condition(depth - 1)}) || (${this.#condition(depth - 1)})`,
          ]
        : []),
    ];
    return this.#one(...choices)();
  }

  #number(): string {
    return this.#one(
      ...['0', '1', '7', '255', '256', '4096', '65535', '2147483647', '4294967295', '4294967296'],
      ...['9223372036854775807', `${this.#chance.below(1000)}`, '-1', '-128'],
    );
  }

  #integer(depth: number): string {
    const leaf = [
      () => this.#number(),
      () => this.#one('pid', 'tid', 'uid', 'cpu', 'nsecs', 'elapsed', 'rand', 'ncpus', 'jiffies'),
      () => this.#one('curtask.pid', 'curtask.flags', 'curtask.real_parent.tgid', 'curtask.exit_code'),
      () => (this.#integers.length === 0 ? '3' : this.#one(...this.#integers)),
      ...(this.#probe.includes('openat') ? [() => 'args.dfd'] : []),
      ...(this.#probe.includes('exit_read') ? [() => 'args.ret'] : []),
      ...(this.#probe.includes('sched_switch') ? [() => this.#one('args.prev.pid', 'args.preempt')] : []),
    ];
    if (depth <= 0) return this.#one(...leaf)();
    const i = (): string => this.#integer(depth - 1);
    return this.#one(
      ...leaf,
      () => `(${i()} ${this.#one('+', '-', '*', '/', '%', '&', '|', '^')} ${i()})`,
      () => `(${i()} ${this.#one('<<', '>>')} ${this.#chance.below(64)})`,
      () => `((${this.#one(...WIDTHS)})(${i()}))`,
      () => `(${this.#one('-', '~')}(${i()}))`,
      () => `(${this.#condition(depth - 1)} ? ${i()} : ${i()})`,
      () => `@n[(int64)(${i()})]`,
      () => `@t[(int64)(${i()}), ${this.#string(depth - 1)}]`,
      () => `(int64)strlen(${this.#string(depth - 1)})`,
      () => `((int64)(${i()}), ${this.#string(depth - 1)}, (int64)(${i()})).${this.#one('0', '2')}`,
      () => `strncmp(${this.#string(depth - 1)}, ${this.#string(depth - 1)}, ${1 + this.#chance.below(8)})`,
      () => 'sizeof(struct task_struct)',
    )();
  }

  #string(depth: number): string {
    const leaf = [
      () => this.#one('"a"', '""', '"some words"', '"%d"', '"sh"', '"é"', `"${'long '.repeat(9)}"`),
      () => this.#one('comm', 'comm', 'curtask.comm', 'curtask.real_parent.comm', 'probe'),
      () => (this.#strings.length === 0 ? '"x"' : this.#one(...this.#strings)),
      ...(this.#probe.includes('openat') ? [() => 'str(args.filename)', () => 'str(args.filename, 16)'] : []),
    ];
    if (depth <= 0) return this.#one(...leaf)();
    const s = (): string => this.#string(depth - 1);
    return this.#one(
      ...leaf,
      () => `@word[${s()}]`,
      () => `(${this.#condition(depth - 1)} ? ${s()} : ${s()})`,
      () => `(1, ${s()}).1`,
    )();
  }
}
