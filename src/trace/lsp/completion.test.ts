import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { completionAt } from './completion.ts';
import type { CompletionItem } from './protocol.ts';
import { marked } from './testing.ts';

function items(text: string): readonly CompletionItem[] {
  const { analysis, document, offset } = marked(text);
  return completionAt(analysis, document, offset).items;
}

const labels = (text: string): string[] => items(text).map(({ label }) => label);

test('providers, with their manual', () => {
  const found = items('k|');
  const kprobe = found.find(({ label }) => label === 'kprobe:');
  assert.match(kprobe!.documentation!.value, /The entry of a function of the kernel/);
  assert.ok(found.some(({ label }) => label === 'begin'));
});

test('places of providers: what begins with the text, then what has it', () => {
  assert.deepEqual(labels('kprobe:vfs|'), ['kprobe:vfs_read', 'kprobe:vfs_write', 'kprobe:do_vfs_ioctl']);
  assert.deepEqual(labels('tracepoint:sched:sched_w|'), ['tracepoint:sched:sched_wakeup']);
  assert.deepEqual(labels('t:openat|'), ['t:syscalls:sys_enter_openat']);
  assert.deepEqual(labels('fentry:|'), ['fentry:veth:veth_xmit', 'fentry:vfs_read']);
  assert.deepEqual(labels('iter:task_|'), ['iter:task_file']);
  assert.ok(labels('software:page|').includes('software:page-faults:'));
});

test('programs, and what is in them', () => {
  assert.deepEqual(labels('uprobe:/b|'), ['uprobe:/bin/', 'uprobe:/bin/tool:', 'uprobe:/boot/']);
  assert.deepEqual(labels('uprobe:/bin/tool:m|'), ['uprobe:/bin/tool:main']);
});

test('an attach point between others, and one before a finished script', () => {
  assert.deepEqual(labels('begin { }\nkprobe:vfs_w|\n\nend { }'), ['kprobe:vfs_write']);
  assert.deepEqual(labels('begin, iter:task_| { }'), ['iter:task_file']);
});

test('the edit replaces what is written, colons and all', () => {
  const [first] = items('begin { }\nkprobe:vfs_w| { }');
  assert.deepEqual(first!.textEdit, {
    range: { start: { line: 1, character: 0 }, end: { line: 1, character: 12 } },
    newText: 'kprobe:vfs_write',
  });
});

const task = ['pid', 'tgid', 'comm', 'flags', 'cpus', 'parent'];

test('fields, however unfinished the text is', () => {
  for (const text of [
    'begin { print(curtask.|) }',
    'begin { print(curtask->p|) }',
    'begin { print(curtask.|',
    'begin { $x = curtask; $y = $x.parent.|\n  printf("a"); }',
    'begin { $x = curtask; if ($x.|',
    'begin { $x = curtask; if ($x.| ',
    'begin { $x = curtask; @[$x.|',
    'begin { $x = curtask; $y = 1 ? $x.|',
    'begin /curtask.|/ { }',
    'begin /curtask.|',
  ]) {
    assert.deepEqual(labels(text), task, text);
  }
  assert.equal(items('begin { print(curtask.|) }')[0]!.detail, 'int32');
});

test('fields of args, of records and of tuples', () => {
  assert.deepEqual(labels('tracepoint:a:b { print(args.|'), ['dfd', 'filename', 'flags']);
  assert.deepEqual(labels('begin { $r = (a=1, b=2); print($r.|'), ['a', 'b']);
});

test('variables that are known at the place, and no others', () => {
  const text = 'begin { $a = 1; if (1) { $b = 2 } $c = $|; $d = 1; }\nend { $e = 1 }';
  assert.deepEqual(labels(text), ['$a']);
  assert.deepEqual(labels('fn f($p : int64) : int64 { return $|; }'), ['$p']);
  assert.deepEqual(labels('begin { @m[1] = 2; for ($kv : @m) { print($|) } }'), ['$kv']);
});

test('maps of the whole script', () => {
  assert.deepEqual(labels('begin { @a = 1 }\nend { print(@|) }').sort(), ['@a']);
  assert.deepEqual(labels('macro f(@m) { print(@|) }\nbegin { @x = 1 }'), ['@m']);
});

test('names: built-ins, macros, functions, defines, constants of the kernel', () => {
  const found = labels('#define LIMIT_OF 3\nmacro addition(x) { x }\nbegin { @ = BL| }');
  for (const name of ['printf', 'addition', 'LIMIT_OF', 'BLUE', 'BLACK', 'comm', 'while']) {
    assert.ok(found.includes(name), name);
  }
  assert.ok(!found.includes('RED'));
});

test('types behind a tag', () => {
  assert.deepEqual(labels('begin { $x = (struct task_|'), ['task_struct', 'task_group']);
});

test('settings, their words, and kinds of maps', () => {
  assert.ok(labels('config = { max| }\nbegin { }').includes('max_strlen'));
  assert.deepEqual(labels('config = { missing_probes = | }'), ['error', 'warn', 'ignore']);
  assert.deepEqual(labels('let @m = |'), ['hash', 'lruhash', 'percpuhash', 'percpulruhash']);
});

test('nothing in comments and strings', () => {
  for (const text of ['// pr|', 'begin { /* pr| */ }', 'begin { print("pr|") }', 'begin { print("pr|']) {
    assert.deepEqual(labels(text), [], text);
  }
  assert.notDeepEqual(labels('begin { print("a"); pr| }'), []);
});

test('a path with /* in it opens no comment', () => {
  assert.deepEqual(labels('uprobe:/bin/*:f { print(curtask.|) }'), task);
});

test('no text makes it fail', () => {
  const piece = fc.constantFrom(
    ...['begin', ' { ', ' } ', '(', ')', '$x', ' = ', 'curtask', '.', '->', 'pid', ';', '@a', '[', ']', '"'],
    ...[
      'kprobe:',
      'vfs_',
      '*',
      ',',
      '/',
      '/*',
      '//',
      '\n',
      'if',
      'config = {',
      'macro f(x)',
      '#define X',
      '$',
    ],
    ...['struct ', 'let ', 'for ', ' : ', '0x', '😀', '\ud800', 'import "library.bt";', 'str(', '1'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), fc.nat(), (pieces, seed) => {
      const text = pieces.join('');
      const at = seed % (text.length + 1);
      assert.ok(Array.isArray(items(`${text.slice(0, at)}|${text.slice(at)}`)));
    }),
    { numRuns: 300 },
  );
});
