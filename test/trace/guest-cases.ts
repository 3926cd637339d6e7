/** The cases of the tracing language that need what this machine's kernel may lack, on the kernels of guests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project.ts';
import { readCases } from './cases.ts';
import { declare } from './runner.ts';

/** Declares the cases of one section that name the kernel that runs. */
export function declareGuestCases(section: string): void {
  const version = /^\d+\.\d+/.exec(release())?.[0] ?? '';
  const cases = readCases(join(projectRoot, 'test/trace/guest-cases')).filter(
    (one) => one.section === section,
  );
  declare(cases.filter(({ kernels }) => kernels.includes(version)));

  test('every case names a kernel that is one of the guests', () => {
    const guests: unknown = JSON.parse(readFileSync(join(projectRoot, 'test/kernels.json'), 'utf8'));
    const names = Object.keys(guests as object);
    for (const { title, kernels } of cases) {
      assert.ok(kernels.length > 0, title);
      for (const kernel of kernels) assert.ok(names.includes(kernel), `${title}: ${kernel}`);
    }
  });
}
