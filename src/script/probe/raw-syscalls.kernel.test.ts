/** raw_syscalls: served by the raw hook where it has what the body reads, by the record of the tracepoint otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getppidNumber } from '../../kernel/stream/bare.ts';
import { defineProgram } from '../define.ts';
import { arrayMap, perCpuHash } from '../maps.ts';
import type { CompiledDefinition } from '../program.ts';
import { i64, u32, u64 } from '../schema.ts';

const params = { me: u32(process.pid) };
const calls = 100;

/** How the first probe of a definition is attached. */
function attachmentOf(program: object): string {
  const { compile } = program as { compile(): CompiledDefinition };
  return compile.call(program).probes[0].plan.attachment.kind;
}

test('calls counted by number: the raw hook, and every call', async () => {
  const program = defineProgram({
    params,
    maps: { counts: perCpuHash(i64, u64) },
    probes: {
      'tracepoint:raw_syscalls:sys_enter'(k) {
        if (k.pid === k.me) k.counts.increment(k.args.id);
      },
    },
  });
  assert.equal(attachmentOf(program), 'tracing');
  using loaded = await program.load();
  for (let i = 0; i < calls; i++) assert.ok(process.ppid >= 0);
  const counted = (loaded.counts.get(BigInt(getppidNumber)) ?? []).reduce((sum, one) => sum + one, 0n);
  assert.equal(counted, BigInt(calls));
});

test('results of calls: the raw hook', async () => {
  const program = defineProgram({
    params,
    maps: { seen: arrayMap(i64, 1) },
    probes: {
      'tracepoint:raw_syscalls:sys_exit'(k) {
        if (k.tid === k.me && k.args.ret === -9) k.seen.set(0, k.args.ret);
      },
    },
  });
  assert.equal(attachmentOf(program), 'tracing');
  using loaded = await program.load();
  const { fstatSync } = await import('node:fs');
  assert.throws(() => fstatSync(1 << 20)); // EBADF
  assert.equal(loaded.seen.get(0), -9n);
});

test('a body that reads the arguments of calls gets the record of the tracepoint', async () => {
  const program = defineProgram({
    params,
    maps: { seen: arrayMap(u64, 1) },
    probes: {
      'tracepoint:raw_syscalls:sys_enter'(k) {
        const first = k.args.args[0];
        if (k.tid === k.me && first === 1 << 20) k.seen.set(0, first);
      },
    },
  });
  assert.equal(attachmentOf(program), 'tracepoint');
  using loaded = await program.load();
  const { closeSync } = await import('node:fs');
  assert.throws(() => closeSync(1 << 20));
  assert.equal(loaded.seen.get(0), 1n << 20n);
});
