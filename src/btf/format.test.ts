import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Btf } from './btf.ts';
import { BtfBuilder } from './build.ts';
import { encodeBtf } from './encode.ts';
import { declarationInC, declarationsInC } from './format.ts';
import type { TypeId } from './types.ts';

function inC(build: (builder: BtfBuilder) => TypeId): string {
  const builder = new BtfBuilder();
  const id = build(builder);
  return declarationsInC(Btf.parse(builder.encode()), [id]);
}

test('a declarator is written around its name', () => {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 'signed');
  const file = b.forward('file');
  const callback = b.prototype(int, [
    { name: 'f', type: b.pointer(b.const(file)) },
    { name: '', type: 0 },
  ]);
  const cases: [TypeId, string][] = [
    [b.pointer(b.const(file)), 'const struct file *x'],
    [b.const(b.pointer(file)), 'struct file *const x'],
    [b.pointer(callback), 'int (*x)(const struct file *f, ...)'],
    [b.array(b.pointer(callback), 3), 'int (*x[3])(const struct file *f, ...)'],
    [b.pointer(b.array(int, 3)), 'int (*x)[3]'],
    [b.array(b.array(int, 3), 2), 'int x[2][3]'],
    [b.const(b.array(int, 3)), 'const int x[3]'],
    [b.pointer(b.pointer(0)), 'void **x'],
    [b.pointer(b.prototype(b.pointer(b.prototype(0, [])), [])), 'void (*(*x)(void))(void)'],
  ];
  const btf = Btf.parse(b.encode());
  for (const [id, text] of cases) assert.equal(declarationInC(btf, id, 'x'), text);
});

test('what a struct needs comes before it: values whole, pointers by name', () => {
  const text = inC((b) => {
    const int = b.int('int', 4, 'signed');
    const inner = b.struct('inner', 4, [{ name: 'a', type: int, bitOffset: 0 }]);
    const node = b.reserve();
    const alias = b.typedef('node_t', node);
    b.define(node, {
      kind: 'struct',
      name: 'node',
      size: 24,
      members: [
        { name: 'next', type: b.pointer(alias), bitOffset: 0, bitSize: 0 },
        { name: 'other', type: b.pointer(b.forward('other')), bitOffset: 64, bitSize: 0 },
        { name: 'value', type: inner, bitOffset: 128, bitSize: 0 },
        { name: '', type: b.union('', [{ name: 'x', type: int }]), bitOffset: 160, bitSize: 0 },
      ],
    });
    return node;
  });
  assert.equal(
    text,
    `struct node;

typedef struct node node_t;

struct other;

struct inner {
	int a;
};

struct node {
	node_t *next;
	struct other *other;
	struct inner value;
	union {
		int x;
	};
};
`,
  );
});

test('holes, bitfields and packing keep the layout', () => {
  const text = inC((b) => {
    const u32 = b.int('unsigned int', 4, 'unsigned');
    const u64 = b.int('unsigned long', 8, 'unsigned');
    const packed = b.struct('packed', 12, [
      { name: 'a', type: u32, bitOffset: 0 },
      { name: 'b', type: u64, bitOffset: 32 },
    ]);
    return b.struct('s', 128, [
      { name: 'flag', type: u32, bitOffset: 0, bitSize: 3 },
      { name: 'later', type: u32, bitOffset: 5, bitSize: 2 },
      { name: 'wide', type: u64, bitOffset: 64 },
      { name: 'line', type: packed, bitOffset: 512 },
    ]);
  });
  assert.match(
    text,
    /struct packed \{\n\tunsigned int a;\n\tunsigned long b;\n\} __attribute__\(\(packed\)\);/,
  );
  assert.match(
    text,
    /flag: 3;\n\tchar: 2;\n\tunsigned int later: 2;\n\tunsigned long wide;\n(\tlong: 64;\n){6}\tstruct packed line;/,
  );
  assert.match(text, /line;\n\tint: 32;\n(\tlong: 64;\n){6}\};/);
});

test('a second struct of a name and a second enumerator get a number', () => {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 'signed');
  const one = b.struct('s', 4, [{ name: 'a', type: int, bitOffset: 0 }]);
  const two = b.struct('s', 4, [{ name: 'b', type: int, bitOffset: 0 }]);
  const e = b.enum('e', [{ name: 'A', value: -1n }]);
  const f = b.enum('f', [{ name: 'A', value: 1n << 40n }]);
  const text = declarationsInC(Btf.parse(b.encode()), [one, two, e, f, one]);
  assert.match(text, /struct s \{\n\tint a;\n\};\n\nstruct s___2 \{\n\tint b;\n\};/);
  assert.match(text, /enum e \{\n\tA = -1,\n\};\n\nenum f \{\n\tA___2 = 1099511627776LL,\n\};/);
});

test('types that contain themselves by value are an error', () => {
  const members = [{ name: 'a', type: 1, bitOffset: 0, bitSize: 0 }];
  const named = encodeBtf([{ kind: 'struct', name: 's', size: 4, members }], true);
  assert.throws(() => declarationsInC(Btf.parse(named), [1]), { code: 'cycle' });
  const nameless = encodeBtf([{ kind: 'struct', name: '', size: 4, members }], true);
  assert.throws(() => declarationsInC(Btf.parse(nameless), [1]), { code: 'cycle' });
});
