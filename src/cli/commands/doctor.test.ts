import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoctorCheck } from '../../kernel/doctor.ts';
import { colorsFor } from '../../text/color.ts';
import { doctorJson, doctorLines } from './doctor.ts';

const checks: DoctorCheck[] = [
  { name: 'BTF', status: 'yes', detail: '126000 types' },
  {
    name: 'tracefs',
    status: 'no',
    detail: 'not mounted',
    fix: 'mount -t tracefs tracefs /sys/kernel/tracing',
  },
  { name: 'x', status: 'unknown', detail: 'odd \x1b[2J answer' },
];

test('the table is aligned, and says what to do below what is missing', async () => {
  assert.deepEqual(doctorLines(checks, await colorsFor(-1, {})), [
    'yes  BTF      126000 types',
    'no   tracefs  not mounted',
    '              to do: mount -t tracefs tracefs /sys/kernel/tracing',
    '?    x        odd \\x1b[2J answer',
  ]);
});

test('one JSON object a check', () => {
  assert.deepEqual(
    doctorJson(checks).map((line): unknown => JSON.parse(line)),
    checks,
  );
});
