import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeOf } from './causes.ts';
import { logLines, verdict } from './log.ts';
import { sourceAt, VerifierError } from './verifier-error.ts';

const statistics = [
  'processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0',
];

test('the complaint is the last line that is neither step, state, source nor statistics', () => {
  const log = [
    'func#0 @0',
    '0: R1=ctx() R10=fp0',
    '; k.started.get(k.pid) @ probe.ts:4',
    '0: (b7) r1 = 0                        ; R1_w=0',
    '1: (79) r0 = *(u64 *)(r1 +0)',
    "R1 invalid mem access 'scalar'",
    'verification time 42 usec',
    'stack depth 0',
    ...statistics,
  ];
  const { complaint, slot } = verdict(log);
  assert.equal(complaint, "R1 invalid mem access 'scalar'");
  assert.equal(slot, 1);
});

test('a log of an older kernel reads the same', () => {
  const log = [
    '0: (79) r0 = *(u64 *)(r6 +0)',
    'R6 !read_ok',
    'processed 1 insns (limit 1000000) max_states_per_insn 0',
  ];
  const { complaint, slot } = verdict(log);
  assert.equal(complaint, 'R6 !read_ok');
  assert.equal(slot, 0);
});

const explained = [
  '6: (79) r0 = *(u64 *)(r0 +0)',
  'R0 is a teapot',
  '',
  'Verification failed: Register Type Safety: Invalid dereference',
  '',
  'Reason:',
  '  R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this',
  '  path, so the verifier cannot prove this access is safe.',
  '',
  'At:',
  '  insn 6',
  '       | ^-- error: invalid dereference of R0 (a nullable map value pointer)',
  '  Instruction context:',
  '  >>> 6 | (79) r0 = *(u64 *)(r0 +0)',
  '',
  'Suggestion:',
  '  Add a NULL check before the access.',
  '',
  ...statistics,
];

test('since 7.3 an explanation follows the complaint, and is used where nothing better is known', () => {
  const { complaint, slot, explanation } = verdict(explained);
  assert.equal(complaint, 'R0 is a teapot');
  assert.equal(slot, 6);
  assert.equal(
    explanation?.reason,
    'R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this path, ' +
      'so the verifier cannot prove this access is safe.',
  );
  const unknown = new VerifierError({ name: 'p' }, 13, explained);
  assert.match(
    unknown.message,
    /this access is safe \(EACCES: R0 is a teapot\); Add a NULL check before the access$/,
  );
  const known = explained.with(1, "R0 invalid mem access 'map_value_or_null'");
  assert.equal(
    new VerifierError({ name: 'p' }, 13, known).reason,
    'a pointer that may be null is used without a test',
  );
});

test('a call by address, which clang -O0 writes, is explained', () => {
  const { reason, hint } = causeOf('unknown opcode 8d') ?? {};
  assert.match(reason!, /called by an address/);
  assert.match(hint!, /-O2/);
});

test('an explanation says where, when the program was refused before the walk', () => {
  const log = ['unreachable insn 2', '', 'Verification failed: Program Structure: Unreachable instruction'];
  const where = ['', 'At:', '  insn 2', '       | ^-- error: unreachable instruction', '', ...statistics];
  assert.equal(verdict([...log, ...where]).complaint, 'unreachable insn 2');
  assert.equal(verdict([...log, ...where]).slot, 2);
});

test('a jump back is context, not a complaint', () => {
  const log = [
    '5: (15) if r0 == 0x0 goto pc+2',
    'from 5 to 8: R0=0 R10=fp0',
    '8: R0=0 R10=fp0',
    '8: (95) exit',
    'Unreleased reference id=3 alloc_insn=2',
    ...statistics,
  ];
  assert.equal(verdict(log).complaint, 'Unreleased reference id=3 alloc_insn=2');
  assert.equal(verdict(log).slot, 8);
});

test('a log without a complaint has none, and an empty log neither', () => {
  assert.deepEqual(verdict([]), { complaint: undefined, tail: [], slot: undefined });
  assert.equal(verdict(['0: (95) exit', ...statistics]).complaint, undefined);
});

test('what is behind the NUL of the buffer is not the log', () => {
  const buffer = new TextEncoder().encode('one\ntwo\n\0old bytes');
  assert.deepEqual(logLines(buffer), ['one', 'two']);
  assert.deepEqual(logLines(new Uint8Array(10)), []);
});

const meanings: readonly (readonly [complaint: string, reason: RegExp])[] = [
  ["R0 invalid mem access 'map_value_or_null'", /may be null/],
  ["R7 invalid mem access 'inv'", /plain number is used as a pointer/],
  [
    'invalid access to map value, value_size=8 off=8 size=4',
    /4 bytes at offset 8 of a map value that has 8 bytes/,
  ],
  ['R2 unbounded memory access, make sure to bounds check any such access', /no proven limits/],
  ["R2 min value is negative, either use unsigned or 'var &= const'", /no proven limits/],
  ['invalid bpf_context access off=120 size=8', /nothing of 8 bytes .* offset 120/],
  ['invalid read from stack R2 off -16+0 size 8', /never written/],
  ['combined stack size of 2 calls is 640. Too large', /640 bytes of stack/],
  ['BPF program is too large. Processed 1000001 insn', /1000001 instructions/],
  ['infinite loop detected at insn 4', /loop/],
  ['back-edge from insn 6 to 2', /loop/],
  ['unreachable insn 9', /never be reached/],
  ['R0 !read_ok', /without a value/],
  ['R3 !read_ok', /register 3/],
  ['Unreleased reference id=2 alloc_insn=7', /not released/],
  ['BPF_EXIT instruction in main prog would lead to reference leak', /not released/],
  ['program of this type cannot use helper bpf_probe_write_user#36', /bpf_probe_write_user/],
  ['unknown func bpf_override_return#58', /bpf_override_return/],
  ['invalid func unknown#195896080', /field or type that this kernel does not have/],
  ['cannot call GPL-restricted function from non-GPL compatible program', /GPL/],
  ['R1 type=scalar expected=fp', /called with a scalar where it takes fp/],
  ['math between map_value pointer and register with unbounded min value is not allowed', /limits/],
  ['At program exit the register R0 has unknown scalar value should have been in [0, 0]', /returns a value/],
];

for (const [complaint, reason] of meanings) {
  test(`explained: ${complaint}`, () => assert.match(causeOf(complaint)?.reason ?? '', reason));
}

test('an unknown complaint is shown as it is, without an explanation', () => {
  const error = new VerifierError({ name: 'p' }, 22, ['0: (95) exit', 'the moon is in the wrong house']);
  assert.equal(error.reason, undefined);
  assert.equal(
    error.message,
    'load program "p": the verifier refused it (EINVAL: the moon is in the wrong house)',
  );
});

test('the source is the last line that begins at or before the slot', () => {
  const at = (line: number) => ({ file: 'a.ts', line, column: 1, text: '' });
  const lines = [
    { slot: 0, source: at(1) },
    { slot: 4, source: at(2) },
    { slot: 9, source: at(3) },
  ];
  assert.equal(sourceAt(lines, 3)?.line, 1);
  assert.equal(sourceAt(lines, 4)?.line, 2);
  assert.equal(sourceAt(lines, 100)?.line, 3);
  assert.equal(sourceAt([], 1), undefined);
});

test('rendering shows the source line with a caret under its column, tabs kept, and the end of the log', () => {
  const source = { file: 'a.ts', line: 7, column: 3, text: '\t\tk.x()' };
  const log = [
    ...Array.from({ length: 30 }, (_, i) => `${i}: (b7) r1 = 0`),
    'unreachable insn 3',
    ...statistics,
  ];
  const text = new VerifierError({ name: 'p', lines: [{ slot: 0, source }] }, 22, log).render({ lines: 3 });
  assert.match(text, /7 \| \t\tk\.x\(\)\n {4}\| \t\t\^/);
  assert.match(text, /29 lines before left out/);
});

test('a line whose column the compiler does not know has no caret, and none in its place', () => {
  const source = { file: 'a.bpf.c', line: 7, column: 0, text: '\treturn *value;' };
  const log = ['0: (79) r0 = *(u64 *)(r6 +0)', 'R6 !read_ok', ...statistics];
  const error = new VerifierError({ name: 'p', lines: [{ slot: 0, source }] }, 13, log);
  assert.match(error.message, /the verifier refused it at a\.bpf\.c:7: register 6/);
  assert.deepEqual(error.frame, ['  7 | \treturn *value;']);
});
