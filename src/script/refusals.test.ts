/**
 * Every sentence that refuses a program: which programs get it, and where its caret stands.
 *
 * Each case is source text in which «» encloses what the caret must mark. All cases are written to one real
 * file, which is then imported as a user's file would be.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fixedKernel } from '../../test/support/fixed-kernel.ts';
import { define, type LooseSource, refusalOf } from '../../test/support/kernel-program.ts';
import * as maps from './maps.ts';
import { messages } from './messages.ts';
import * as schema from './schema.ts';

interface Case {
  readonly message: keyof typeof messages;
  readonly title: string;
  /** The body of a probe on `tracepoint:syscalls:sys_enter_openat`, or on `probe`. */
  readonly body?: string;
  readonly probe?: string;
  /** What `defineProgram` takes, where one body does not show it. */
  readonly source?: string;
  /** Words of the message or its advice. */
  readonly says?: RegExp;
}

const common = `params: { limit: u64(7), on: bool(true) },
  maps: {
    counts: hash(u32, u64), totals: hash(Point, Total), slots: arrayMap(u64, 8), lists: arrayMap(array(u32, 3), 1), events: ringbuf(Event),
    stacks: stackTrace(), waits: log2Histogram(), todo: queue(u32, 8),
  },
  functions: { twice(k, x) { return x * 2 } },`;

const cases: readonly Case[] = [
  {
    message: 'notReadable',
    title: 'a bound function has no source text',
    source: `probes: { 'profile:hz:9': ((k) => {}).bind(null) }`,
    says: /pass the function itself/,
  },
  {
    message: 'notReadable',
    title: 'a class is no body',
    source: `probes: { 'profile:hz:9': class { m() {} } }`,
  },
  {
    message: 'doesNotParse',
    title: 'a private method is no text that parses by itself',
    source: `probes: { 'profile:hz:9': new (class { #m(k) {} get() { return this.#m } })().get() }`,
  },
  {
    message: 'asyncBody',
    title: 'an async body',
    source: `probes: { 'profile:hz:9': async (k) => {} }`,
    says: /ring buffer/,
  },
  { message: 'asyncBody', title: 'a generator', source: `probes: { *'profile:hz:9'(k) {} }` },
  { message: 'oneParameter', title: 'a body without a parameter', source: `probes: { 'profile:hz:9'() {} }` },
  { message: 'oneParameter', title: 'a body with two', source: `probes: { 'profile:hz:9'(k, x) {} }` },
  {
    message: 'oneParameter',
    title: 'a body that takes its context apart',
    source: `probes: { 'profile:hz:9'({ pid }) {} }`,
  },
  {
    message: 'plainParameters',
    title: 'a function with five numbers',
    source: `functions: { f(k, a, b, c, d, e) { return a } }, probes: { 'profile:hz:9'(k) { k.f(1, 2, 3, 4, 5) } }`,
  },
  {
    message: 'plainParameters',
    title: 'a function with a default',
    source: `functions: { f(k, a = 1) { return a } }, probes: { 'profile:hz:9'(k) { k.f(1) } }`,
  },
  {
    message: 'captured',
    title: 'a name from outside',
    body: `(k) => { k.counts.increment(«outside») }`,
    says: /"outside" comes from outside.*k\.outside/s,
  },
  {
    message: 'captured',
    title: 'a map without its k, near to a declared one',
    body: `(k) => { «count».increment(k.pid) }`,
    says: /Near: "counts"/,
  },
  { message: 'captured', title: 'Math', body: `(k) => { k.slots.set(0, «Math».max(1, 2)) }` },
  { message: 'captured', title: 'console', body: `(k) => { «console».log(k.pid) }`, says: /k\.print/ },
  { message: 'captured', title: 'an assignment outside', body: `(k) => { «total» = 1 }` },
  { message: 'unsupported', title: 'try', body: `(k) => { «try { k.slots.set(0, 1) } catch {}» }` },
  { message: 'unsupported', title: 'throw', body: `(k) => { «throw 1» }` },
  { message: 'unsupported', title: 'debugger', body: `(k) => { «debugger» }`, says: /k\.print/ },
  { message: 'unsupported', title: 'do while', body: `(k) => { «do {} while (k.pid > 1)» }` },
  { message: 'unsupported', title: 'for in', body: `(k) => { «for (const x in k.task) {}» }` },
  { message: 'unsupported', title: 'power', body: `(k) => { k.slots.set(0, «k.pid ** 2») }`, says: /shift/ },
  { message: 'unsupported', title: 'typeof', body: `(k) => { k.slots.set(0, «typeof k.pid») }` },
  { message: 'unsupported', title: 'in', body: `(k) => { if («k.pid in k.counts») return }` },
  {
    message: 'unsupported',
    title: 'logical assignment',
    body: `(k) => { let x = 0; «x ||= 1» }`,
    says: /if/,
  },
  {
    message: 'unsupported',
    title: 'a regular expression',
    body: `(k) => { if («/a/».test(k.comm())) return }`,
  },
  {
    message: 'unsupported',
    title: 'a text with parts',
    body: '(k) => { if (k.comm() === «`a\x24{k.pid}`») return }',
  },
  { message: 'unsupported', title: 'a list with spread', body: `(k) => { const a = [«...k.task.cpus»] }` },
  {
    message: 'unsupported',
    title: 'spread in an object',
    body: `(k) => { k.totals.set({ «...k.task» }, 1) }`,
  },
  { message: 'unsupported', title: 'spread in a call', body: `(k) => { k.counts.set(«...k.task») }` },
  { message: 'unsupported', title: 'this', body: `function (k) { «this».x = 1 }` },
  { message: 'unsupported', title: 'new', body: `(k) => { const m = «new Map()» }`, says: /use a map/ },
  { message: 'unsupported', title: 'an array pattern', body: `(k) => { const «[a]» = k.task.cpus }` },
  { message: 'unsupported', title: 'a rest pattern', body: `(k) => { const { pid, «...rest» } = k.task }` },
  {
    message: 'unsupported',
    title: 'a plain ?.',
    body: `(k) => { const x = «k.counts.get(1)?.value» }`,
    says: /\?\? 0/,
  },
  { message: 'unsupported', title: 'a result of a probe', body: `(k) => { «return 1» }` },
  { message: 'unsupported', title: 'two texts', body: `(k) => { if («k.comm() === k.task.comm») return }` },
  {
    message: 'unsupported',
    title: 'a computed property',
    body: `(k) => { k.totals.set({ «[k.pid]: 1» }, 1) }`,
  },
  {
    message: 'unsupported',
    title: 'a variable of text',
    body: `(k) => { let name = «k.comm()»; name = k.comm() }`,
  },
  {
    message: 'unsupported',
    title: 'a tagged template',
    body: '(k) => { k.slots.set(0, «k.f`x`») }',
    says: /a tagged template expression cannot be compiled/,
  },
  {
    message: 'closure',
    title: 'an arrow function',
    body: `(k) => { const f = «(x) => x» }`,
    says: /functions: \{/,
  },
  { message: 'closure', title: 'a function declaration', body: `(k) => { «function f() {}» }` },
  { message: 'closure', title: 'a class', body: `(k) => { «class A {}» }` },
  {
    message: 'float',
    title: 'a fraction',
    body: `(k) => { k.slots.set(0, k.pid * «0.5») }`,
    says: /0\.5 is not/,
  },
  { message: 'float', title: 'NaN', body: `(k) => { k.slots.set(0, «NaN») }` },
  {
    message: 'imprecise',
    title: 'a number beyond 2^53',
    body: `(k) => { k.slots.set(0, «0xffffffff81000000») }`,
    says: /k\.const\(0xffffffff81000000n\)/,
  },
  { message: 'unboundedLoop', title: 'for without a test', body: `(k) => { «for (;;) { }» }` },
  { message: 'unboundedLoop', title: 'while true', body: `(k) => { «while (true) { }» }`, says: /k\.range/ },
  {
    message: 'unboundedLoop',
    title: 'a test of what does not change',
    body: `(k) => { let i = 0; «while (k.pid < 5) { i++ }» }`,
  },
  {
    message: 'unknownContext',
    title: 'a built-in that is not there',
    body: `(k) => { k.slots.set(0, k.«pidd») }`,
    says: /Near: "pid"/,
  },
  { message: 'unknownContext', title: 'a map', body: `(k) => { k.«cuonts».increment(1) }`, says: /"counts"/ },
  { message: 'notInProbe', title: 'k.ret', body: `(k) => { k.slots.set(0, k.«ret») }`, says: /kretprobe/ },
  {
    message: 'notInProbe',
    title: 'k.args',
    probe: 'profile:hz:9',
    body: `(k) => { k.slots.set(0, k.«args».x) }`,
  },
  {
    message: 'notInProbe',
    title: 'k.args in a function',
    source: `functions: { f(k) { return k.«args».fd } }, probes: { 'tracepoint:syscalls:sys_enter_read'(k) { k.f() } }`,
    says: /pass it as a number/,
  },
  {
    message: 'notInProbe',
    title: 'k.readTask',
    body: `(k) => { k.«readTask»(k.task, 0, 0) }`,
    says: /may sleep/,
  },
  {
    message: 'unknownField',
    title: 'a field of a kernel struct',
    body: `(k) => { k.slots.set(0, k.task.«tgdi») }`,
    says: /struct task_struct has no field "tgdi".*Near: "tgid"/s,
  },
  {
    message: 'unknownField',
    title: 'an argument',
    body: `(k) => { k.slots.set(0, k.args.«path») }`,
    says: /the arguments of tracepoint:.* have no field "path".*It has: dfd, filename, flags, mode/s,
  },
  {
    message: 'unknownField',
    title: 'an entry',
    body: `(k) => { const at = k.counts.get(1); if (at) at.«count» = 1 }`,
  },
  {
    message: 'unknownField',
    title: 'a field of a key',
    body: `(k) => { k.totals.get(«{ x: 1, y: 2, z: 3 }») }`,
  },
  {
    message: 'unknownField',
    title: 'a struct for k.cast',
    body: `(k) => { const f = k.cast(1, «'fil'») }`,
    says: /file/,
  },
  {
    message: 'unknownField',
    title: 'a struct for k.sizeOf',
    body: `(k) => { k.counts.set(1, k.sizeOf(«'task_strukt'»)) }`,
    says: /task_struct/,
  },
  {
    message: 'unknownField',
    title: 'a member for k.containerOf',
    body: `(k) => { const t = k.containerOf(k.task.mm, 'task_struct', «'mmm'») }`,
    says: /mm/,
  },
  {
    message: 'mustBeConstant',
    title: 'the member of k.containerOf',
    body: `(k) => { const t = k.containerOf(k.task.mm, 'task_struct', «k.pid») }`,
  },
  {
    message: 'unknownMethod',
    title: 'an operation of another kind of map',
    body: `(k) => { k.counts.«push»(1) }`,
    says: /the hash "counts" has no operation "push".*It has: get, set/s,
  },
  {
    message: 'unknownProbe',
    title: 'a kind that is none',
    source: `probes: { 'tracepiont:sched:sched_switch'(k) {} }`,
    says: /Near: "tracepoint"/,
  },
  {
    message: 'unknownProbe',
    title: 'a tracepoint that is not there',
    source: `probes: { 'tracepoint:sched:sched_swtch'(k) {} }`,
    says: /"tracepoint:sched:sched_switch"/,
  },
  {
    message: 'unknownProbe',
    title: 'a raw tracepoint',
    source: `probes: { 'rawtracepoint:sched_swtch'(k) {} }`,
    says: /"rawtracepoint:sched_switch"/,
  },
  {
    message: 'unknownProbe',
    title: 'a function',
    source: `probes: { 'fentry:vfs_raed'(k) {} }`,
    says: /fentry:vfs_read/,
  },
  {
    message: 'unknownProbe',
    title: 'an iterator',
    source: `probes: { 'iter:tsk'(k) {} }`,
    says: /iter:task/,
  },
  {
    message: 'unknownProbe',
    title: 'a counter',
    source: `probes: { 'software:page-fault:1'(k) {} }`,
    says: /page-faults/,
  },
  {
    message: 'probeSyntax',
    title: 'a tracepoint without name',
    source: `probes: { 'tracepoint:sched'(k) {} }`,
  },
  { message: 'probeSyntax', title: 'a raw tracepoint', source: `probes: { 'rawtracepoint:a:b'(k) {} }` },
  { message: 'probeSyntax', title: 'a kprobe', source: `probes: { 'kprobe:vfs read'(k) {} }` },
  {
    message: 'probeSyntax',
    title: 'a kretprobe with a distance',
    source: `probes: { 'kretprobe:vfs_read+4'(k) {} }`,
  },
  { message: 'probeSyntax', title: 'fexit', source: `probes: { 'fexit:'(k) {} }` },
  {
    message: 'probeSyntax',
    title: 'a uprobe',
    source: `probes: { 'uprobe:/bin/bash'(k) {} }`,
    says: /\/bin\/bash:readline/,
  },
  {
    message: 'probeSyntax',
    title: 'a profile',
    source: `probes: { 'profile:99'(k) {} }`,
    says: /profile:hz:N/,
  },
  { message: 'probeSyntax', title: 'an interval', source: `probes: { 'interval:s:0'(k) {} }` },
  { message: 'probeSyntax', title: 'a counter', source: `probes: { 'software:page-faults:x'(k) {} }` },
  { message: 'probeSyntax', title: 'an iterator', source: `probes: { 'iter:'(k) {} }` },
  {
    message: 'wrongType',
    title: 'an entry as a number',
    body: `(k) => { k.slots.set(0, «k.counts.get(1)») }`,
    says: /\.value/,
  },
  {
    message: 'wrongType',
    title: 'text as a number',
    body: `(k) => { k.slots.set(0, «k.comm()» + 1) }`,
    says: /not joined/,
  },
  { message: 'wrongType', title: 'a number as text', body: `(k) => { if («k.pid === 'init'») return }` },
  {
    message: 'wrongType',
    title: 'what is not callable',
    body: `(k) => { «k.pid»() }`,
    says: /something to call/,
  },
  {
    message: 'wrongType',
    title: 'an operation not called',
    body: `(k) => { const now = «k.ktime» }`,
    says: /call it/,
  },
  {
    message: 'wrongType',
    title: 'a loop over an array',
    body: `(k) => { for (const c of «k.task.cpus») {} }`,
    says: /k\.range/,
  },
  { message: 'wrongType', title: 'an index into a number', body: `(k) => { k.slots.set(0, «k.pid[0]») }` },
  {
    message: 'wrongType',
    title: 'a stack in a hash',
    body: `(k) => { k.slots.set(0, k.kernelStack(«k.counts»)) }`,
  },
  {
    message: 'wrongType',
    title: 'a variable without a value',
    body: `(k) => { let x; k.slots.set(0, «x»); x = 1 }`,
  },
  { message: 'wrongType', title: 'a mode that is none', body: `(k) => { k.counts.set(1, 2, «'always'») }` },
  {
    message: 'argumentCount',
    title: 'too few for a map',
    body: `(k) => { «k.counts.set(1)» }`,
    says: /2 to 3 arguments, 1 given/,
  },
  {
    message: 'argumentCount',
    title: 'too many for a built-in',
    body: `(k) => { k.slots.set(0, «k.ktime(1)») }`,
  },
  {
    message: 'argumentCount',
    title: 'a function',
    body: `(k) => { k.slots.set(0, «k.twice()») }`,
    says: /1 argument, 0 given/,
  },
  { message: 'readOnly', title: 'kernel memory', body: `(k) => { «k.task.pid» = 1 }`, says: /Kernel memory/ },
  { message: 'readOnly', title: 'a parameter', body: `(k) => { «k.limit» = 1 }` },
  { message: 'readOnly', title: 'an increment of kernel memory', body: `(k) => { «k.task.pid»++ }` },
  { message: 'assignToConst', title: 'a const', body: `(k) => { const n = k.pid; «n» = 1 }`, says: /let/ },
  {
    message: 'redeclared',
    title: 'a name twice',
    source: `probes: { 'profile:hz:9': (k) => { { var x = 1; var «x» = 2 } } }`,
  },
  {
    message: 'differentPointers',
    title: 'one variable for two types',
    body: `(k) => { let p = k.task; «p = k.task.mm» }`,
    says: /"p" holds pointer to struct task_struct/,
  },
  {
    message: 'alwaysFalse',
    title: 'unsigned below zero',
    body: `(k) => { if («k.pid < 0») return }`,
    says: /k\.signed/,
  },
  {
    message: 'alwaysFalse',
    title: 'zero above unsigned',
    body: `(k) => { if («0 > k.pid») return }`,
    says: /always false/,
  },
  {
    message: 'alwaysFalse',
    title: 'at least zero',
    body: `(k) => { if («k.pid >= 0») return }`,
    says: /always true/,
  },
  {
    message: 'missingField',
    title: 'a key with a field left out',
    body: `(k) => { k.totals.get(«{ x: 1 }») }`,
    says: /needs "y"/,
  },
  {
    message: 'mustBeConstant',
    title: 'the length of a buffer',
    body: `(k) => { const b = k.buffer(«k.pid») }`,
  },
  { message: 'mustBeConstant', title: 'the format', body: `(k) => { k.print(«k.pid») }` },
  {
    message: 'outOfBounds',
    title: 'an index past the end',
    body: `(k) => { k.slots.set(0, k.task.cpus[«4»]) }`,
    says: /array of 4/,
  },
  { message: 'outOfBounds', title: 'a negative index', body: `(k) => { k.slots.set(0, k.task.comm[«-1»]) }` },
  {
    message: 'doesNotFit',
    title: 'a constant for a field',
    body: `(k) => { k.counts.get(«4294967296») }`,
    says: /fit in u32/,
  },
  {
    message: 'nameClash',
    title: 'a map with the name of a built-in',
    source: `maps: { pid: hash(u32, u32) }, probes: { 'profile:hz:9'(k) {} }`,
    says: /as a built-in and as a map/,
  },
  {
    message: 'nameClash',
    title: 'a function with the name of a map',
    source: `maps: { n: hash(u32, u32) }, functions: { n(k) { return 1 } }, probes: { 'profile:hz:9'(k) {} }`,
  },
  {
    message: 'recursion',
    title: 'a function that calls itself',
    source: `functions: { f(k, n) { return «k.f(n)» } }, probes: { 'profile:hz:9'(k) { k.f(1) } }`,
  },
  {
    message: 'recursion',
    title: 'two functions that call each other',
    source: `functions: { f(k) { return k.g() }, g(k) { return «k.f()» } }, probes: { 'profile:hz:9'(k) { k.f() } }`,
  },
  {
    message: 'textTooLong',
    title: 'a name that no task can have',
    body: `(k) => { if («k.task.comm === 'a name of 24 characters'») return }`,
    says: /longer than the 16 bytes/,
  },
];

const folder = mkdtempSync(join(tmpdir(), 'bpfkit-refusals-'));
const file = join(folder, 'programs.mjs');
let programs: readonly LooseSource[] = [];
const expected: { line: number; column: number; marked: string }[] = [];

before(async () => {
  const vocabulary = { ...schema, ...maps };
  const lines = [`export default (define, { ${Object.keys(vocabulary).join(', ')} }) => {`];
  lines.push(`const Point = struct('Point', { x: u32, y: u32 });`);
  lines.push(`const Total = struct('Total', { count: u64, sum: u64 });`);
  lines.push(`const Event = struct('Event', { pid: u32, comm: chars(16) });`, 'return [');
  for (const { body, probe = 'tracepoint:syscalls:sys_enter_openat', source } of cases) {
    const text = source ?? `${common}\n  probes: { '${probe}': ${body} }`;
    lines.push(...`  () => define({ ${text} }),`.split('\n'));
    let found = { line: 0, column: 0, marked: '' };
    for (const [i, line] of lines.entries()) {
      const [start, end] = [line.indexOf('«'), line.indexOf('»')];
      if (start < 0) continue;
      found = { line: i + 1, column: start + 1, marked: line.slice(start + 1, end) };
      lines[i] = line.replace(/[«»]/g, '');
    }
    expected.push(found);
  }
  lines.push('];', '};', '');
  writeFileSync(file, lines.join('\n'));
  const module = (await import(pathToFileURL(file).href)) as {
    default(make: typeof define, vocabulary: object): readonly LooseSource[];
  };
  programs = module.default(define, vocabulary);
});

after(() => rmSync(folder, { recursive: true, force: true }));

for (const [i, { message, title, says }] of cases.entries()) {
  test(`${message}: ${title}`, () => {
    const { error, marked } = refusalOf(() => {
      const program = (programs[i] as unknown as () => ReturnType<typeof define>)();
      program.compile({}, fixedKernel);
    });
    assert.equal(error.code, codeOf(message), error.message);
    assert.equal(marked, expected[i].marked, error.message);
    if (expected[i].marked !== '') {
      assert.deepEqual(
        [error.position?.file, error.position?.line, error.position?.column],
        [file, expected[i].line, expected[i].column],
      );
      assert.ok(error.message.startsWith(`${file}:${expected[i].line}:${expected[i].column}: `));
    }
    if (says) assert.match(error.message, says);
  });
}

test('every refusal has a program that gets it', () => {
  const shown = new Set<string>(cases.map(({ message }) => message));
  assert.deepEqual(
    Object.keys(messages).filter((name) => !shown.has(name)),
    [],
  );
});

/** The code of a message, whatever its words are about. */
function codeOf(name: keyof typeof messages): string {
  const make = messages[name] as (...words: unknown[]) => { code: string };
  return make('a', [], [], []).code;
}
