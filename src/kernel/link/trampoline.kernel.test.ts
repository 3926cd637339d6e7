import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CountingOptions, CountingProgram } from '../../../test/support/counting-program.ts';
import * as asm from '../../asm/build.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { loadCollection } from '../collection.ts';
import type { Program } from '../program/program.ts';
import { VerifierError } from '../program/verifier-error.ts';
import { AttachType, ProgramType } from '../spec.ts';
import { AttachError } from './errors.ts';
import { attachExtension } from './extension.ts';
import { attachRawTracepoint } from './raw-tracepoint.ts';
import { attachLsm, attachTracing } from './tracing.ts';

/** The program, or undefined after skipping: kernels that forbid the kind say EPERM without a log. */
function loaded(
  t: TestContext,
  what: string,
  type: (typeof ProgramType)[keyof typeof ProgramType],
  options: CountingOptions,
): CountingProgram | undefined {
  try {
    return new CountingProgram(type, options);
  } catch (error) {
    if (error instanceof VerifierError) throw error;
    t.skip(`needs ${what}: ${String(error).split('\n')[0]}`);
    return undefined;
  }
}

/** Answers `errno` in this process, and nothing to others. */
function refusing(errno: number): CountingOptions['body'] {
  return [
    asm.callHelper(14),
    asm.alu64Imm('rsh', 0, 32),
    asm.mov64(1, 0),
    asm.mov64Imm(0, 0),
    asm.jumpIfImm('jne', 1, process.pid, 1),
    asm.mov64Imm(0, -errno),
  ];
}

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-refuse-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('fmod_ret changes what a function returns', (t) => {
  const folder = emptyFolder(t);
  const program = loaded(t, 'fmod_ret', ProgramType.tracing, {
    attachType: AttachType.modifyReturn,
    attachTarget: { kind: 'function', name: 'security_inode_rmdir' },
    body: refusing(5)!,
  });
  if (program === undefined) return;
  const link = attachTracing(program.program, { target: 'security_inode_rmdir' });
  assert.throws(() => rmdirSync(folder), /EIO/);
  assert.ok(program.runs > 0);
  assert.deepEqual(
    { ...link.describe(), id: 0, programId: 0, targetObjectId: 0, targetTypeId: 0 },
    {
      type: 'tracing',
      attachType: AttachType.modifyReturn,
      targetObjectId: 0,
      targetTypeId: 0,
      cookie: 0n,
      id: 0,
      programId: 0,
    },
  );
  link.close();
  rmdirSync(folder);
  program.close();
});

for (const [what, sleepable] of [
  ['lsm', false],
  ['lsm.s', true],
] as const) {
  test(`${what} refuses, and says so to its victim only while attached`, (t) => {
    const folder = emptyFolder(t);
    const program = loaded(t, 'lsm', ProgramType.lsm, {
      attachType: AttachType.lsmMac,
      attachTarget: { kind: 'lsm', name: 'inode_rmdir' },
      sleepable,
      body: refusing(1)!,
    });
    if (program === undefined) return;
    const link = attachLsm(program.program, { target: 'inode_rmdir' });
    assert.throws(() => rmdirSync(folder), /EPERM/);
    assert.ok(program.runs > 0);
    link.close();
    rmdirSync(folder);
    program.close();
  });
}

/** main() calls answer(), a global function that returns 1; each has its type. */
function withFunction(): { readonly program: Program; close(): void } {
  const types = new BtfBuilder();
  const int = types.int('int', 4, 'signed');
  const skb = types.pointer(types.struct('__sk_buff', 4, [{ name: 'len', type: int, bitOffset: 0 }]));
  const main = types.function('main', int, [{ name: 'skb', type: skb }]);
  const answer = types.function('answer', int, [{ name: 'skb', type: skb }]);
  const collection = loadCollection({
    btf: types.encode(),
    maps: [],
    programs: [
      {
        name: 'main',
        type: ProgramType.schedCls,
        instructions: [
          // call answer: two slots on, behind the exit.
          {
            opcode: 0x85,
            dst: 0,
            src: 1,
            offset: 0,
            imm: 1,
            reference: { kind: 'function', name: 'answer' },
          },
          asm.exit(),
          asm.mov64Imm(0, 1),
          asm.exit(),
        ],
        functions: [
          { slot: 0, name: 'main', type: main },
          { slot: 2, name: 'answer', type: answer },
        ],
      },
    ],
  });
  return { program: collection.program('main'), close: () => collection.close() };
}

function extension(target: Program, name = 'answer'): { readonly program: Program; close(): void } {
  const types = new BtfBuilder();
  const int = types.int('int', 4, 'signed');
  const skb = types.pointer(types.struct('__sk_buff', 4, [{ name: 'len', type: int, bitOffset: 0 }]));
  const type = types.function('other', int, [{ name: 'skb', type: skb }]);
  const collection = loadCollection(
    {
      btf: types.encode(),
      maps: [],
      programs: [
        {
          name: 'other',
          type: ProgramType.extension,
          attachTarget: { kind: 'program', name },
          instructions: [asm.mov64Imm(0, 77), asm.exit()],
          functions: [{ slot: 0, name: 'other', type }],
        },
      ],
    },
    { targets: new Map([['other', target]]) },
  );
  return { program: collection.program('other'), close: () => collection.close() };
}

test('freplace stands in for a function of a program, and of another one', (t) => {
  const [first, second] = [withFunction(), withFunction()];
  t.after(() => {
    first.close();
    second.close();
  });
  const run = (program: Program): number => program.testRun({ data: new Uint8Array(64) }).result;
  assert.equal(run(first.program), 1);
  let other: ReturnType<typeof extension>;
  try {
    other = extension(first.program);
  } catch (error) {
    if (error instanceof VerifierError) throw error;
    return t.skip(`needs freplace: ${String(error).split('\n')[0]}`);
  }
  t.after(() => other.close());
  const link = attachExtension(other.program, { function: 'answer' });
  assert.equal(run(first.program), 77);
  assert.equal(run(second.program), 1);
  assert.throws(
    () => attachExtension(other.program, { function: 'answer', program: first.program }),
    (error: unknown) => error instanceof AttachError && error.code === 'inUse',
  );
  assert.equal(link.describe().type, 'tracing');
  link.close();
  assert.equal(run(first.program), 1);
  const elsewhere = attachExtension(other.program, { function: 'answer', program: second.program });
  assert.equal(run(second.program), 77);
  elsewhere.close();
  assert.equal(run(second.program), 1);
});

test('a function that a program has not is named, with near ones', (t) => {
  const target = withFunction();
  t.after(() => target.close());
  assert.throws(
    () => extension(target.program, 'anser'),
    /to function anser of a program: program "main" has no such function; did you mean answer\?/,
  );
});

test('a writable raw tracepoint program changes what the tracepoint hands it', () => {
  // The end of every test run can be changed (include/trace/events/bpf_test_run.h): here its errno, for this process.
  using program = new CountingProgram(ProgramType.rawTracepointWritable, {
    body: [
      asm.load(8, 8, 6, 0),
      asm.callHelper(14),
      asm.alu64Imm('rsh', 0, 32),
      asm.jumpIfImm('jne', 0, process.pid, 1),
      asm.storeImm(4, 8, 0, -11),
      asm.mov64Imm(0, 0),
    ],
  });
  using tried = new CountingProgram(ProgramType.socketFilter);
  const run = (): number => tried.program.testRun({ data: new Uint8Array(64) }).result;
  run();
  const link = attachRawTracepoint(program.program, 'bpf_test_finish');
  assert.throws(run, /EAGAIN/);
  assert.equal(program.runs, 1);
  link.close();
  run();
  // Elsewhere there is nothing to write to.
  assert.throws(() => attachRawTracepoint(program.program, 'sys_enter'), {
    name: 'AttachError',
    code: 'invalid',
  });
});
