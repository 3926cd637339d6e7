import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hoverAt } from './hover.ts';
import { marked } from './testing.ts';

function hover(text: string): string {
  const { analysis, offset } = marked(text);
  return hoverAt(analysis, offset)?.text ?? '';
}

const shows = (text: string, ...parts: readonly string[]): void => {
  const found = hover(text);
  for (const part of parts) assert.ok(found.includes(part), `${text}\n${found}\nhas no ${part}`);
};

test('variables and maps have types', () => {
  shows('begin { $x = curtask; print($|x.pid) }', '$x: struct task_struct *', 'int32 tgid;');
  shows('begin { @a[pid, comm] = count(); print(@|a) }', '@a[uint32, string[16]]: count_t', 'percpuhash');
});

test('fields tell where they are', () => {
  shows('begin { print(curtask.parent.ti|d) } ', '');
  shows('begin { print(curtask.parent.tg|id) }', 'tgid: int32', 'struct task_struct, offset 4');
  shows('begin { print(curtask.fla|gs) }', '2 bits');
  shows('tracepoint:a:b { print(str(args.file|name)) }', 'filename: int8 *', 'struct args');
});

test('expressions and constants have values', () => {
  shows('begin { @ = 5 |+ 3 }', '= 8');
  shows('begin { @ = BLU|E }', 'BLUE = 7', 'enum color');
  shows('begin { @ = 25|5 }', '0xff');
});

test('built-ins are explained', () => {
  shows('begin { str|ncmp("a", "b", 1); }', 'strncmp(', 'int64');
  shows('begin { syst|em("ls") }', '--unsafe');
  shows('begin { print(com|m) }', 'Here: `string[16]`');
});

test('probes are described with their places and parameters', () => {
  shows('tracepoint:sched:sched_sw|itch { }', 'tracepoint:sched:sched_switch', 'of_sched_sched_switch');
  shows('kprobe:a*|b { }', '2 probes', 'kprobe:a', 'kprobe:b');
  shows('inter|val:s:1 { }', 'Ticks on one CPU');
});

test('macros, functions, settings and types', () => {
  shows('macro add(x, $y) { x + $y }\nbegin { $a = 1; print(ad|d(1, $a)) }', 'macro add(x, $y)');
  shows('import "library.bt"; begin { print(twi|ce(4)) }', 'macro twice(x)');
  shows('fn f($a : int64) : int64 { return $a; }\nbegin { print(|f(1)) }', 'fn f($a : int64) : int64');
  shows('config = { max_str|len = 64 }\nbegin { }', 'max_strlen', 'Default: 1024');
  shows('begin { $x = (struct task_st|ruct *)1; }', 'struct task_struct {');
  shows('struct mine { int a; };\nbegin { $x = (struct mi|ne *)1; }', 'int32 a;');
});

test('within a macro the types are those of its calls', () => {
  shows('macro f(x) { let $y = x; $|y }\nbegin { print(f((int64)1)) }', 'int64');
});

test('a text with an error elsewhere still answers', () => {
  shows('begin { $x = curtask; $y = ; print($|x.pid) }', 'struct task_struct *');
  shows('kprobe:missing { $x = 1; @a = $|x }', 'int');
});

test('what is code in the answer cannot end its block', () => {
  assert.ok(hover('struct mine { int a; };\nbegin { $x = "```"; print($|x) }').startsWith('```'));
});

test('nothing is said of nothing', () => {
  for (const text of ['|', 'begin { | }', '// comm|ent\nbegin { }', 'begin |{ }']) {
    assert.equal(hover(text), '', text);
  }
});
