/**
 * `npm run guest -- KERNEL [--bring FILE]... [--modules A,B] [--compiled] -- COMMAND...`: one command in a guest.
 *
 * The project is /bpfkit there, with dist/ as it is now; `--compiled` adds the sources compiled, at .build/run;
 * `--bring` puts a file of this machine at the same path, a program with its libraries.
 */
import { parseArgs } from 'node:util';
import { compile } from './testing/compiled.mjs';
import { GUESTS } from './testing/image.mjs';
import { commandInGuest } from './testing/in-guest.mjs';

const words = process.argv.slice(2);
const cut = words.indexOf('--');
const command = cut < 0 ? [] : words.slice(cut + 1);
const { values, positionals } = parseArgs({
  args: cut < 0 ? words : words.slice(0, cut),
  allowPositionals: true,
  options: {
    bring: { type: 'string', multiple: true },
    modules: { type: 'string' },
    compiled: { type: 'boolean' },
  },
});
const guest = positionals[0] ?? '';
if (!Object.hasOwn(GUESTS, guest) || command.length === 0) {
  const kernels = Object.keys(GUESTS).join('|');
  process.stderr.write(
    `usage: npm run guest -- ${kernels} [--bring FILE]... [--modules A,B] [--compiled] -- COMMAND...\n`,
  );
  process.exit(2);
}
const compiled = values.compiled ? compile() : undefined;
try {
  process.exitCode = await commandInGuest(/** @type {keyof typeof GUESTS} */ (guest), command, {
    ...(values.bring ? { bring: values.bring } : {}),
    ...(values.modules !== undefined ? { modules: values.modules.split(',') } : {}),
    ...(compiled ? { folder: compiled.folder } : {}),
  });
} finally {
  compiled?.remove();
}
