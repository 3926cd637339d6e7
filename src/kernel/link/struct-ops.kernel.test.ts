import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { CountingProgram } from '../../../test/support/counting-program.ts';
import * as asm from '../../asm/build.ts';
import { KernelError } from '../errors.ts';
import { olderThan } from '../feature/release.ts';
import { VerifierError } from '../program/verifier-error.ts';
import { ProgramType } from '../spec.ts';
import { AttachError } from './errors.ts';
import {
  attachStructOps,
  createStructOpsMap,
  replaceStructOps,
  structOpsLayout,
  structOpsValue,
} from './struct-ops.ts';

const struct = 'tcp_congestion_ops';

function algorithms(): string[] {
  return readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').trim().split(' ');
}

/** The members that every algorithm must have. */
function members(t: TestContext): Readonly<Record<string, CountingProgram['program']>> | undefined {
  const made: CountingProgram[] = [];
  t.after(() => {
    for (const program of made) program.close();
  });
  const make = (member: string): CountingProgram['program'] => {
    const program = new CountingProgram(ProgramType.structOps, {
      name: member,
      attachTarget: { kind: 'structOps', name: struct, member },
      body: [asm.mov64Imm(0, 2)],
    });
    made.push(program);
    return program.program;
  };
  try {
    return { ssthresh: make('ssthresh'), undo_cwnd: make('undo_cwnd'), cong_avoid: make('cong_avoid') };
  } catch (error) {
    if (error instanceof VerifierError) throw error;
    t.skip(`needs struct_ops: ${String(error).split('\n')[0]}`);
    return undefined;
  }
}

test('a congestion control is registered while its map says so', (t) => {
  const programs = members(t);
  if (programs === undefined) return;
  const name = `bpfkit_${process.pid}`;
  const map = createStructOpsMap('cc', struct);
  t.after(() => map.close());
  const value = structOpsValue({ struct, programs, values: { name } });
  const attached = attachStructOps(map, value);
  assert.ok(algorithms().includes(name));
  const second = createStructOpsMap('cc2', struct);
  t.after(() => second.close());
  assert.throws(
    () => attachStructOps(second, value),
    (error: unknown) =>
      error instanceof AttachError && error.code === 'inUse' && /of this name/.test(error.message),
  );
  attached.close();
  assert.ok(!algorithms().includes(name));
});

test('by a link it is registered, replaced and unregistered', (t) => {
  if (olderThan('6.4')) return t.skip('needs struct_ops links');
  const programs = members(t);
  if (programs === undefined) return;
  const name = `bpfkitl_${process.pid}`;
  const map = createStructOpsMap('cc', struct, { link: true });
  t.after(() => map.close());
  const value = structOpsValue({ struct, programs, values: { name } });
  const link = attachStructOps(map, value);
  assert.ok(algorithms().includes(name));
  const { id: _, programId: __, ...rest } = link.describe();
  assert.deepEqual(rest, { type: 'structOps', mapId: map.info().id });
  const newer = createStructOpsMap('cc2', struct, { link: true });
  t.after(() => newer.close());
  replaceStructOps(link, newer, value);
  assert.equal((link.describe() as { mapId: number }).mapId, newer.info().id);
  link.close();
  assert.ok(!algorithms().includes(name));
  attachStructOps(map, value).close();
  assert.throws(
    () => attachStructOps(map, structOpsValue({ struct, programs, values: { name: 'another' } })),
    (error: unknown) =>
      error instanceof AttachError && error.code === 'inUse' && /values .* are kept/.test(error.message),
  );
});

test('a structure that programs cannot implement, and wrong values, are refused before the kernel', () => {
  assert.throws(() => structOpsLayout('task_struct'), { name: 'KernelError', code: 'noType' });
  assert.throws(() => structOpsLayout('tcp_congestion_op'), /did you mean .*tcp_congestion_ops/);
  const value = (values: Record<string, string | number>) => () =>
    structOpsValue({ struct, programs: {}, values });
  assert.throws(value({ name: 'x'.repeat(16) }), (error: unknown) => error instanceof KernelError);
  assert.throws(value({ nothere: 1 }), /member "nothere"/);
  const layout = structOpsLayout(struct);
  const bytes = structOpsValue({ struct, programs: {}, values: { flags: 1 } });
  assert.equal(bytes.length, layout.valueSize);
  assert.equal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    1,
  );
});
