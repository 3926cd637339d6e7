import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bpfkit } from '../support/command.ts';

const text = (bytes: Buffer): string => bytes.toString('latin1');

test('--fmt prints a script in its usual form', async () => {
  const { code, stdout, stderr } = await bpfkit(['trace', '--fmt', '-e', 'BEGIN{@x=1;exit();}']);
  assert.deepEqual([code, text(stdout), text(stderr)], [0, 'BEGIN {\n  @x = 1;\n  exit();\n}\n', '']);
});

test('--fmt prints nothing but the error of a script that has one', async () => {
  const { code, stdout, stderr } = await bpfkit(['trace', '--fmt', '-e', 'BEGIN { $x = ; }']);
  assert.deepEqual(
    [code, text(stdout), text(stderr)],
    [1, '', 'stdin:1:14-15: ERROR: syntax: expected expression\nBEGIN { $x = ; }\n             ~\n'],
  );
});

test('--fmt reads standard input', async () => {
  const { code, stdout } = await bpfkit(['trace', '--fmt', '-'], { input: '// é\nend{}' });
  assert.deepEqual([code, stdout.toString()], [0, '// é\nend {}\n']);
});
