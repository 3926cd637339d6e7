import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectBytes } from '../../../test/support/objects.ts';
import { Btf } from '../../btf/btf.ts';
import { declarationInC } from '../../btf/format.ts';
import { ProgramType } from '../../kernel/spec.ts';
import { parseObject } from '../parse.ts';
import { ContextArguments } from './context-arguments.ts';
import { localTypes } from './local-types.ts';

const { types } = parseObject(objectBytes('context'));

/** How the kernel is told of a function for programs of a type. */
function declared(name: string, program: ProgramType): string {
  const contexts = new ContextArguments(types!);
  const own = types!.find(name, 'function')!;
  const id = contexts.declarationFor(own, program);
  assert.equal(contexts.declarationFor(own, program), id, 'it is declared once');
  const options = { amended: new Map(), added: contexts.added, knows: () => true, littleEndian: true };
  const sent = localTypes(types!, [own], options)!;
  const btf = Btf.parse(sent.bytes);
  const type = btf.type(sent.ids.get(id)!);
  assert.ok(type.kind === 'function' && type.name === name && type.linkage === 1);
  return declarationInC(btf, type.prototype, name);
}

test('a context is declared as the struct that programs of the type call it by', () => {
  const { rawTracepoint, kprobe, schedCls } = ProgramType;
  assert.equal(
    declared('stack_of', rawTracepoint),
    'int stack_of(struct bpf_raw_tracepoint_args *ctx, int flags)',
  );
  assert.equal(declared('stack_of', kprobe), 'int stack_of(struct bpf_user_pt_regs_t *ctx, int flags)');
  assert.equal(declared('length_of', schedCls), 'int length_of(struct __sk_buff *ctx)');
});

test('a function stays as it is for programs whose context has no name', () => {
  assert.equal(declared('stack_of', ProgramType.syscall), 'int stack_of(void *ctx, int flags)');
});
