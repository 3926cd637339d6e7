import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Btf } from '../../btf/btf.ts';
import { findBtfType, typeOfBtf } from './btf-types.ts';
import { layoutOf } from './layout.ts';

const btf = Btf.parse(readFileSync('/sys/kernel/btf/vmlinux'));

test('every struct of the kernel has its members inside', () => {
  let members = 0;
  for (let id = 1; id < btf.count; id++) {
    const kind = btf.kind(id);
    if (kind !== 'struct' && kind !== 'union') continue;
    const type = typeOfBtf(btf, id);
    assert.ok(type.kind === 'struct');
    assert.equal(type.size, btf.sizeOf(id));
    for (const name of type.memberNames()) {
      const member = type.member(name);
      assert.ok(member, `${type.name}.${name}`);
      const end = member.bitfield
        ? member.offset + Math.ceil((member.bitfield.shift + member.bitfield.size) / 8)
        : member.offset + layoutOf(member.type).size;
      assert.ok(end <= type.size, `${type.name}.${name} ends at ${end} of ${type.size}`);
      members++;
    }
  }
  assert.ok(members > 10_000, `${members} members`);
});

test('well-known types are what kernel programmers know', () => {
  const task = findBtfType(btf, 'task_struct', 'struct');
  assert.ok(task?.kind === 'struct');
  assert.deepEqual(task.member('comm')?.type, { kind: 'string', size: 16 });
  assert.deepEqual(task.member('pid')?.type, { kind: 'int', bits: 32, signed: true });
  const mm = task.member('mm')?.type;
  assert.ok(mm?.kind === 'pointer' && mm.target.kind === 'struct');
  assert.equal(mm.target.name, 'struct mm_struct');
  assert.deepEqual(findBtfType(btf, 'u64', undefined), { kind: 'int', bits: 64, signed: false });
});
