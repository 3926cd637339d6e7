/** `npm run test:in -- PLACE FILE...`: test files in one place: `host`, or a guest (`6.1`, `6.12`). */
import { buildPackage, buildTestPrograms, compile, kindOf } from './testing/compiled.mjs';
import { GUESTS } from './testing/image.mjs';
import { testInGuest } from './testing/in-guest.mjs';
import { runOnHost } from './testing/on-host.mjs';

const [place, ...files] = process.argv.slice(2);
if (!place || files.length === 0 || !(place === 'host' || Object.hasOwn(GUESTS, place))) {
  process.stderr.write(`usage: npm run test:in -- host|${Object.keys(GUESTS).join('|')} FILE.test.ts...\n`);
  process.exit(2);
}
const compiled = compile();
let failed = 0;
try {
  if (compiled.errors)
    process.stderr.write(`the compiler complains (the tests run all the same):\n${compiled.errors}\n`);
  const wanted = files.map((file) => file.replace(/^\.\//, '').replace(/\.ts$/, '.js'));
  const usesPackage = (/** @type {string} */ file) =>
    ['guest', 'cli'].includes(kindOf(file)) || file.startsWith('test/examples/');
  if (wanted.some(usesPackage)) process.stderr.write(buildPackage());
  process.stderr.write(await buildTestPrograms(compiled.folder));
  const onFile = (/** @type {import('./testing/results.mjs').FileResult} */ result) => {
    for (const test of result.tests) {
      const extra = test.reason ? ` (${test.reason})` : test.message ? `\n${test.message}` : '';
      process.stdout.write(`${test.state} on ${place}: ${test.name}, ${test.ms} ms${extra}\n`);
      if (test.state === 'failed') failed++;
    }
  };
  if (place === 'host') await runOnHost(compiled.folder, wanted, { place, parallel: 1, onFile });
  else {
    const guest = /** @type {keyof typeof GUESTS} */ (place);
    for (const note of await testInGuest(guest, compiled.folder, wanted, onFile))
      process.stderr.write(`${note}\n`);
  }
} finally {
  compiled.remove();
}
process.exitCode = failed > 0 ? 1 : 0;
