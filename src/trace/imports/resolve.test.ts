import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from '../parse/parse.ts';
import { type ImportFiles, resolveImports } from './resolve.ts';

/** A directory by its names; `open/` is one that everybody may write to. */
function filesOf(files: Readonly<Record<string, string>>, read: string[] = []): ImportFiles {
  const names = Object.keys(files);
  return {
    read(path) {
      read.push(path);
      return files[path]!;
    },
    kindOf(path) {
      if (names.includes(path)) return 'file';
      return names.some((name) => name.startsWith(`${path}/`)) ? 'directory' : undefined;
    },
    list: (path) =>
      names.filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1)),
    writableByOthers: (path) => (path.endsWith('open') ? 'all' : path.endsWith('tmp') ? 'new' : 'no'),
    identity: (path) => path,
  };
}

function resolve(
  files: Readonly<Record<string, string>>,
  read: string[] = [],
): { items: string[]; definitions: string[]; said: string[] } {
  const diagnostics = new Diagnostics();
  const program = parseProgram({ name: 'dir/main.bt', text: files['dir/main.bt']! }, diagnostics);
  const resolved = resolveImports(program, filesOf(files, read), diagnostics);
  return {
    items: resolved.items.map((item) => ('name' in item ? item.name : item.kind)),
    definitions: resolved.definitions.map(({ text }) => text),
    said: diagnostics.list.map(({ message }) => message),
  };
}

test('an import is found beside the script and takes the place of the statement', () => {
  const { items, said } = resolve({
    'dir/main.bt': 'import "lib.bt"; begin { one(); }',
    'dir/lib.bt': 'macro one() { 1 }',
  });
  assert.deepEqual(items, ['one', 'probe']);
  assert.deepEqual(said, []);
});

test('a file is read once, however it is asked for', () => {
  const read: string[] = [];
  const { items } = resolve(
    {
      'dir/main.bt': 'import "a.bt"; import "sub/../a.bt"; import "b.bt"; begin { }',
      'dir/a.bt': 'import "b.bt"; macro a() { 1 }',
      'dir/b.bt': 'import "a.bt"; macro b() { 1 }',
    },
    read,
  );
  assert.deepEqual(items, ['b', 'a', 'probe']);
  assert.deepEqual(read, ['dir/a.bt', 'dir/b.bt']);
});

test('imports of an import are relative to it', () => {
  const { items } = resolve({
    'dir/main.bt': 'import "sub/a.bt"; begin { }',
    'dir/sub/a.bt': 'import "b.bt";',
    'dir/sub/b.bt': 'macro b() { 1 }',
  });
  assert.deepEqual(items, ['b', 'probe']);
});

test('where others may only add files, a file can be imported and a directory cannot', () => {
  const { items, said } = resolve({
    'dir/main.bt': 'import "tmp/a.bt"; import "tmp"; begin { }',
    'dir/tmp/a.bt': 'macro a() { 1 }',
  });
  assert.deepEqual(items, ['a', 'probe']);
  assert.deepEqual(said, [
    'import "tmp": everybody may write to this directory, so nothing is taken from it',
  ]);
});

test('a directory is all of its scripts and headers, headers first', () => {
  const { items, definitions, said } = resolve({
    'dir/main.bt': 'import "lib"; begin { }',
    'dir/lib/a.bt': 'macro a() { 1 }',
    'dir/lib/z.h': 'struct z { int x; };',
    'dir/lib/notes.txt': 'no script',
  });
  assert.deepEqual(items, ['a', 'probe']);
  assert.deepEqual(definitions, ['struct z { int x; };']);
  assert.deepEqual(said, []);
});

for (const [what, files, message] of [
  ['what is not there', {}, 'import "x.bt": no such file or directory'],
  [
    'C',
    { 'dir/x.bpf.c': '' },
    'import "x.bpf.c": C for BPF is not compiled into scripts here; write it as fn or macro in a .bt file',
  ],
  [
    'an object',
    { 'dir/x.bpf.o': '' },
    'import "x.bpf.o": compiled objects are not linked into scripts here; write it as fn or macro in a .bt file',
  ],
  [
    'another file',
    { 'dir/x.txt': '' },
    'import "x.txt": only .bt and .h files, and directories of them, can be imported',
  ],
  [
    'a directory that everybody writes to',
    { 'dir/open/x.bt': '' },
    'import "open": everybody may write to this directory, so nothing is taken from it',
  ],
  [
    'a file in such a directory',
    { 'dir/open/y.bt': '', 'dir/z': '' },
    'import "open/y.bt": everybody may write to this directory, so nothing is taken from it',
  ],
  [
    'a config',
    { 'dir/x.bt': 'config = { max_strlen = 5 } macro a() { 1 }' },
    'import "x.bt": config is only allowed in the script itself',
  ],
] as [string, Record<string, string>, string][]) {
  test(`an import of ${what} is refused in a sentence`, () => {
    const path = /^import "(.*?)"/.exec(message)![1]!;
    const { said } = resolve({ 'dir/main.bt': `import "${path}"; begin { }`, ...files });
    assert.deepEqual(said, [message]);
  });
}
