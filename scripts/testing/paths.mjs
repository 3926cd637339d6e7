import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project's directory. */
export const root = dirname(dirname(import.meta.dirname));

/** What each kernel is known to lack, so that a skipped test is expected there and nowhere else. */
export const kernels = JSON.parse(readFileSync(join(root, 'test/kernels.json'), 'utf8'));
