/**
 * All tests: `npm test`, or some: `npm test -- pure host 5.10 6.1 6.12 newest cli`.
 *
 * Installs what the tests need, compiles, builds the package, then runs the pure tests, the kernel tests on this
 * kernel and in the guests, and the tests of the command line. The last line is `N passed, N failed, N skipped`.
 * With CI=true a skipped test is a failure unless test/kernels.json says that the kernel lacks what it needs; that
 * file also names the few tests that run on the oldest and the newest kernel.
 */
import { availableParallelism } from 'node:os';
import { buildPackage, buildTestPrograms, compile, testsOf } from './testing/compiled.mjs';
import { GUESTS, guestImage, NoKernel } from './testing/image.mjs';
import { testInGuest } from './testing/in-guest.mjs';
import { runOnHost } from './testing/on-host.mjs';
import { installPackages } from './testing/packages.mjs';
import { kernels } from './testing/paths.mjs';
import { FileResult, Results, summary } from './testing/results.mjs';

const PLACES = ['pure', 'host', ...Object.keys(GUESTS), 'cli'];
const asked = process.argv.slice(2);
const unknown = asked.find((place) => !PLACES.includes(place));
if (unknown !== undefined) {
  process.stderr.write(`npm test: no place "${unknown}"; there are ${PLACES.join(', ')}\n`);
  process.exit(2);
}
const places = new Set(asked.length > 0 ? asked : PLACES);
const guests = /** @type {(keyof typeof GUESTS)[]} */ (Object.keys(GUESTS)).filter((name) =>
  places.has(name),
);

const started = Date.now();
const say = (/** @type {string} */ text) => {
  const seconds = String(Math.round((Date.now() - started) / 1000)).padStart(4);
  process.stdout.write(`${seconds} s  ${text}\n`);
};
const results = new Results(kernels, process.env.CI === 'true');
const onFile = (/** @type {import('./testing/results.mjs').FileResult} */ result) => {
  results.add(result);
  say(summary(result));
};
/** Runs one step; what it throws is a failure of the run and does not stop the others. */
const step = async (/** @type {string} */ what, /** @type {() => unknown} */ act) => {
  try {
    await act();
    return true;
  } catch (error) {
    results.trouble(what, error instanceof Error ? error.message : String(error));
    say(`${what}: FAILED`);
    return false;
  }
};

/** The tests that a guest runs, of all there are. @param {string} guest @param {string[]} all */
function testsFor(guest, all) {
  const chosen = kernels[guest]?.runs;
  return chosen === undefined ? all : all.filter((file) => chosen.includes(file.replace(/\.js$/, '.ts')));
}

/** @param {keyof typeof GUESTS} guest @param {string} folder @param {string[]} files */
async function inGuest(guest, folder, files) {
  await step(`guest ${guest}`, async () => {
    try {
      const image = guestImage(guest);
      say(`guest ${guest}: ${image.kernel}${image.made ? ', image made' : ''}`);
    } catch (error) {
      if (!(error instanceof NoKernel)) throw error;
      for (const file of files)
        onFile(FileResult.skipped(guest, file, `needs kernel ${guest}: ${error.message}`));
      return;
    }
    for (const note of await testInGuest(guest, folder, files, onFile)) say(note);
  });
}

async function all() {
  const ready = await step('packages', () => {
    const added = installPackages();
    say(added.length > 0 ? `installed ${added.join(' ')}` : 'all Debian packages are there');
  });
  const compiled = compile();
  try {
    say('compiled');
    if (compiled.errors) results.trouble('compiling', compiled.errors);
    const trouble = buildPackage();
    if (trouble) results.trouble('building the package', trouble);
    const { folder } = compiled;
    const unbuilt = await buildTestPrograms(folder);
    if (unbuilt) results.trouble('building the test programs', unbuilt);
    if (places.has('pure')) {
      await runOnHost(folder, testsOf(folder, 'pure'), {
        place: 'pure',
        parallel: availableParallelism(),
        onFile,
      });
    }
    if (places.has('host')) {
      await runOnHost(folder, testsOf(folder, 'kernel'), { place: 'host', parallel: 1, onFile });
    }
    if (ready) {
      const all = [...testsOf(folder, 'kernel'), ...testsOf(folder, 'guest')];
      await Promise.all(guests.map((guest) => inGuest(guest, folder, testsFor(guest, all))));
    }
    if (places.has('cli')) {
      await runOnHost(folder, testsOf(folder, 'cli'), { place: 'cli', parallel: 1, onFile });
    }
  } finally {
    compiled.remove();
  }
}

await step('test bench', all);
const { counts, failures, skips } = results.verdict();
for (const skip of skips) process.stdout.write(`${skip}\n`);
for (const { where, message } of failures) process.stdout.write(`\nFAILED ${where}\n${message}\n`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
