import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from './btf.ts';
import { BtfBuilder } from './build.ts';
import { declarationsOf } from './typescript.ts';

function sample(): Btf {
  const b = new BtfBuilder();
  const u32 = b.int('unsigned int', 4, 'unsigned');
  const s32 = b.int('int', 4, 'signed');
  const char = b.int('char', 1, 'signed');
  const u8 = b.int('unsigned char', 1, 'unsigned');
  const pid = b.typedef('pid_t', s32);
  const node = b.reserve();
  const hidden = b.struct('', 4, [{ name: 'counter', type: s32, bitOffset: 0 }]);
  const atomic = b.typedef('atomic_t', hidden);
  const either = b.union('', [
    { name: 'left', type: u32 },
    { name: '', type: b.struct('', 4, [{ name: 'right', type: u32, bitOffset: 0 }]) },
  ]);
  const inline = b.struct('', 4, [{ name: 'x', type: u32, bitOffset: 0 }]);
  b.define(node, {
    kind: 'struct',
    name: 'node',
    size: 128,
    members: [
      ['pid', pid],
      ['next', b.pointer(b.const(node))],
      ['other', b.pointer(b.forward('class'))],
      ['lost', b.pointer(b.forward('nowhere'))],
      ['call', b.pointer(b.prototype(0, []))],
      ['twice', b.pointer(b.pointer(node))],
      ['raw', b.pointer(0)],
      ['name', b.array(char, 16)],
      ['addr', b.array(u8, 6)],
      ['grid', b.array(b.array(u32, 3), 2)],
      ['usage', atomic],
      ['', either],
      ['inner', inline],
      ['mode', b.enum('mode', [{ name: 'A', value: -1n }])],
      ['on', b.int('_Bool', 1, 'bool')],
      ['key-word', u32],
    ].map(([name, type], i) => ({ name: String(name), type: Number(type), bitOffset: i * 64, bitSize: 0 })),
  });
  b.struct('class', 4, [{ name: 'a', type: u32, bitOffset: 0 }]);
  b.struct('node', 8, [{ name: 'b', type: u32, bitOffset: 0 }]);
  b.function('__traceiter_made', s32, [
    { name: '__data', type: b.pointer(0) },
    { name: 'n', type: b.pointer(node) },
  ]);
  b.function('vfs_thing', 0, [{ name: 'n', type: b.pointer(node) }]);
  return Btf.parse(b.encode());
}

test('every kind of member has its TypeScript form', () => {
  const text = declarationsOf(sample(), ['node']);
  assert.equal(
    text,
    `// Kernel types, written by \`bpfkit types\`. Do not edit: write it again for another kernel.
import type { Arr, Bytes, Chars, i32, Ptr, u32 } from 'bpfkit';

export interface atomic_t {
  readonly counter: i32;
}

export interface class_ {
  readonly a: u32;
}

export interface node {
  readonly pid: pid_t;
  readonly next: Ptr<node>;
  readonly other: Ptr<class_>;
  readonly lost: Ptr<unknown>;
  readonly call: Ptr<unknown>;
  readonly twice: Ptr<unknown>;
  readonly raw: Ptr<unknown>;
  readonly name: Chars<16>;
  readonly addr: Bytes<6>;
  readonly grid: Arr<Arr<u32, 3>, 2>;
  readonly usage: atomic_t;
  readonly left: u32;
  readonly right: u32;
  readonly inner: {
    readonly x: u32;
  };
  readonly mode: i32;
  readonly on: boolean;
  readonly "key-word": u32;
}

export type pid_t = i32;

declare module 'bpfkit' {
  interface KernelTypes {
    atomic_t: atomic_t;
    class: class_;
    node: node;
  }
}
`,
  );
});

test('without roots every struct and raw tracepoint is declared, also a second struct of one name', () => {
  const text = declarationsOf(sample(), undefined, { source: 'Linux 6.18\nx' });
  assert.match(text, /^\/\/ Linux 6\.18 x$/m);
  assert.match(text, /export interface node__2 \{\n {2}readonly b: u32;\n\}/);
  assert.match(text, /interface RawTracepoints \{\n {4}made: \{ readonly n: Ptr<node> \};\n/);
  assert.doesNotMatch(text, /KernelFunctions/);
  assert.equal(declarationsOf(sample(), undefined, { source: 'Linux 6.18\nx' }), text);
});

test('functions and raw tracepoints are roots by their names', () => {
  assert.match(
    declarationsOf(sample(), ['vfs_thing']),
    /interface KernelFunctions \{\n {4}vfs_thing: \{ readonly args: \{ readonly n: Ptr<node> \}; readonly ret: undefined \};\n/,
  );
  assert.match(declarationsOf(sample(), ['made']), /interface RawTracepoints/);
});

test('a root that does not exist is an error with the nearest name', () => {
  assert.throws(() => declarationsOf(sample(), ['vfs_thign']), {
    code: 'kind',
    message: 'BTF has no type or function "vfs_thign" (nearest: vfs_thing)',
  });
});
