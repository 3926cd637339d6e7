import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alu64, alu64Imm, callHelper, exit, load, mov64Imm, store } from '../../asm/build.ts';
import { Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { SysError } from '../../sys/errors.ts';
import { withFakeSys } from '../../sys/syscall.ts';
import { loadCollection } from '../collection.ts';
import { KernelError } from '../errors.ts';
import { feature } from '../feature/features.ts';
import { AttachType, type ProgramSpec, ProgramType } from '../spec.ts';
import { programIds } from './program.ts';
import { VerifierError } from './verifier-error.ts';

function loaded(spec: Omit<ProgramSpec, 'name'>): ReturnType<typeof loadCollection> {
  return loadCollection({ maps: [], programs: [{ name: 'p', ...spec }] });
}

test('a raw tracepoint program runs with the arguments that it is given', (t) => {
  using collection = loaded({
    type: ProgramType.rawTracepoint,
    instructions: [load(8, 0, 1, 0), load(8, 2, 1, 8), alu64('add', 0, 2), exit()],
  });
  const context = new Uint8Array(new BigUint64Array([40n, 2n]).buffer);
  try {
    assert.equal(collection.program('p').testRun({ context }).result, 42);
    assert.equal(collection.program('p').testRun({ context, flags: 1, cpu: 0 }).result, 42);
  } catch (error) {
    if (error instanceof SysError && error.code === 'ENOTSUPP') {
      return t.skip('needs test runs of raw tracepoints (5.10)');
    }
    throw error;
  }
});

test('a type that cannot be test-run says so by name', () => {
  using collection = loaded({ type: ProgramType.kprobe, instructions: [mov64Imm(0, 0), exit()] });
  assert.throws(
    () => collection.program('p').testRun(),
    (error: unknown) =>
      error instanceof SysError && error.code === 'ENOTSUPP' && /program "p"/.test(error.message),
  );
});

test('a packet goes in and comes out, and the time of a run is told', () => {
  using collection = loaded({ type: ProgramType.xdp, instructions: [mov64Imm(0, 2), exit()] });
  const data = new Uint8Array(64).fill(9);
  const run = collection.program('p').testRun({ data, repeat: 100 });
  assert.equal(run.result, 2);
  assert.deepEqual(run.data, data);
  assert.ok(run.nanoseconds < 1_000_000);
});

test('a packet that the program changes comes out changed, and cut', () => {
  // XDP: bpf_xdp_adjust_head(ctx, 4) drops the first four bytes.
  using collection = loaded({
    type: ProgramType.xdp,
    instructions: [mov64Imm(2, 4), callHelper(44), mov64Imm(0, 2), exit()],
  });
  const data = Uint8Array.from({ length: 64 }, (_, i) => i);
  const run = collection.program('p').testRun({ data });
  assert.deepEqual(run.data, data.subarray(4));
  assert.throws(
    () => collection.program('p').testRun({ data: new Uint8Array(2) }),
    (error: unknown) => error instanceof SysError && error.code === 'EINVAL',
  );
});

test('a context goes in and comes out', () => {
  // struct __sk_buff: mark at 8, cb[0] at 48. cb[0] = mark + 1.
  using collection = loaded({
    type: ProgramType.schedCls,
    instructions: [load(4, 2, 1, 8), alu64Imm('add', 2, 1), store(4, 1, 48, 2), mov64Imm(0, 0), exit()],
  });
  const context = new Uint8Array(192);
  new DataView(context.buffer).setUint32(8, 41, true);
  const run = collection.program('p').testRun({ data: new Uint8Array(64), context, contextOut: true });
  assert.equal(new DataView(run.context.buffer, run.context.byteOffset).getUint32(48, true), 42);
});

test('a syscall program runs on bytes of its caller, and writes into them', () => {
  using collection = loaded({
    type: ProgramType.syscall,
    sleepable: true,
    instructions: [load(8, 2, 1, 0), alu64Imm('mul', 2, 2), store(8, 1, 8, 2), mov64Imm(0, 7), exit()],
  });
  const context = new Uint8Array(new BigUint64Array([21n, 0n]).buffer);
  assert.equal(collection.program('p').testRun({ context }).result, 7);
  assert.equal(new BigUint64Array(context.buffer)[1], 42n);
});

test('every program type of packets is test-run', () => {
  for (const type of [
    ProgramType.socketFilter,
    ProgramType.schedCls,
    ProgramType.schedAct,
    ProgramType.xdp,
    ProgramType.lwtIn,
    ProgramType.lwtOut,
    ProgramType.lwtXmit,
    ProgramType.flowDissector,
    ProgramType.cgroupSkb,
  ]) {
    using collection = loaded({ type, instructions: [mov64Imm(0, 1), exit()] });
    const data = new Uint8Array(64);
    data.set([8, 0, 0x45], 12);
    assert.equal(collection.program('p').testRun({ data }).result, 1, `type ${type}`);
  }
});

test('a test run that a signal interrupts is run again', () => {
  using collection = loaded({ type: ProgramType.xdp, instructions: [mov64Imm(0, 2), exit()] });
  let tries = 0;
  const run = withFakeSys(
    (call, real) => (call.bpf?.command === 'programTestRun' && ++tries === 1 ? -4 : real()),
    () => collection.program('p').testRun({ data: new Uint8Array(64) }),
  );
  assert.equal(tries, 2);
  assert.equal(run.result, 2);
});

test('the ids of the machine’s programs hold ours', () => {
  using collection = loaded({ type: ProgramType.socketFilter, instructions: [mov64Imm(0, 0), exit()] });
  const { id } = collection.program('p').info();
  assert.ok([...programIds()].includes(id));
});

test('fentry loads, or is refused without blame on the memory lock', (t) => {
  if (feature('kernelTypes').answer !== 'yes') return t.skip('needs kernel BTF');
  const load = () =>
    loaded({
      type: ProgramType.tracing,
      attachType: AttachType.traceFentry,
      attachTarget: { kind: 'function', name: 'do_exit' },
      instructions: [mov64Imm(0, 0), exit()],
    });
  if (feature('fentry').answer === 'yes') return load().close();
  assert.throws(load, (error: unknown) => {
    assert.ok(error instanceof KernelError);
    t.diagnostic(error.message);
    assert.match(error.message, /tracing, function do_exit/);
    assert.doesNotMatch(error.message, /MEMLOCK/i);
    return true;
  });
});

test('a function that the kernel has twice is not attached to by name', (t) => {
  if (feature('kernelTypes').answer !== 'yes') return t.skip('needs kernel BTF');
  const spec: ProgramSpec = {
    name: 'p',
    type: ProgramType.tracing,
    attachType: AttachType.traceFentry,
    attachTarget: { kind: 'function', name: 'twice' },
    instructions: [mov64Imm(0, 0), exit()],
  };
  const builder = new BtfBuilder();
  const prototype = builder.add({ kind: 'prototype', returns: 0, parameters: [] });
  builder.add({ kind: 'function', name: 'twice', prototype, linkage: 0 });
  const other = builder.add({ kind: 'prototype', returns: builder.int('int', 4, 'signed'), parameters: [] });
  builder.add({ kind: 'function', name: 'twice', prototype: other, linkage: 0 });
  const types = Btf.parse(builder.encode());
  assert.throws(
    () => loadCollection({ maps: [], programs: [spec] }, { kernelTypes: () => types }),
    (error: unknown) => error instanceof KernelError && error.code === 'ambiguousType',
  );
});

test('the real verifier’s complaints are explained', () => {
  const complaints: readonly (readonly [ProgramSpec['instructions'], RegExp])[] = [
    [[exit()], /returns without a value/],
    [[mov64Imm(0, 0)], /leaves the program without returning/],
    [[mov64Imm(0, 0), exit(), mov64Imm(0, 1), exit()], /never be reached/],
    [[load(8, 0, 1, 4096), exit()], /context has nothing of 8 bytes/],
    [[callHelper(36), mov64Imm(0, 0), exit()], /may not call the helper/],
    [[mov64Imm(1, 0), callHelper(1), exit()], /called with a scalar where it takes/],
  ];
  for (const [instructions, message] of complaints) {
    assert.throws(
      () => loaded({ type: ProgramType.socketFilter, instructions }),
      (error: unknown) => {
        assert.ok(error instanceof VerifierError, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
});
