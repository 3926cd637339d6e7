import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Observed, testPrograms } from '../../../test/support/programs.ts';
import { openElf, openRegular } from './elf-files.ts';
import { kernelPlace, kernelSymbols } from './kernel-symbols.ts';
import { UserSymbols } from './user-symbols.ts';

async function address(observed: Observed, name: string): Promise<bigint> {
  return BigInt(await observed.ask(`address ${name}`));
}

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'bpfkit-symbols-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('functions of a program and of its library are named', async () => {
  const { probed, library } = testPrograms();
  using observed = new Observed(probed);
  const symbols = new UserSymbols();
  const middle = await address(observed, 'middle');
  assert.deepEqual(symbols.at(observed.pid, middle + 3n), { name: 'middle', offset: 3n, module: probed });
  const work = await address(observed, 'library_work');
  assert.deepEqual(symbols.at(observed.pid, work), { name: 'library_work', offset: 0n, module: library });
  assert.equal(symbols.at(observed.pid, 0x10n), undefined);
  await observed.end();
});

test('a stripped program has its names in its debug file', async () => {
  const { stripped } = testPrograms();
  using observed = new Observed(stripped);
  const outer = await address(observed, 'outer');
  assert.equal(new UserSymbols().at(observed.pid, outer)?.name, 'outer');
  await observed.end();
});

test('a process that has ended is named if it was seen before', async () => {
  const { probed } = testPrograms();
  const observed = new Observed(probed);
  const leaf = await address(observed, 'leaf');
  const seen = new UserSymbols();
  const unseen = new UserSymbols();
  const none = new UserSymbols({ cache: 'NONE' });
  seen.remember(observed.pid);
  none.remember(observed.pid);
  await observed.end();
  assert.equal(seen.at(observed.pid, leaf)?.name, 'leaf');
  assert.equal(unseen.at(observed.pid, leaf), undefined);
  assert.equal(none.at(observed.pid, leaf), undefined);
});

test('without randomisation one process tells about another of its program', async (t) => {
  if (spawnSync('setarch', ['-R', 'true']).status !== 0) return; // the guests have no setarch
  const { probed } = testPrograms();
  const start = (): { pid: number; ask(line: string): Promise<string>; end(): void } => {
    const child = spawn('setarch', ['-R', probed], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    return {
      pid: child.pid!,
      ask: (line) =>
        new Promise((resolve) => {
          child.stdout.once('data', (data) => resolve(String(data).trim()));
          child.stdin.write(`${line}\n`);
        }),
      end: () => child.kill('SIGKILL'),
    };
  };
  const first = start();
  const leaf = BigInt(await first.ask('address leaf'));
  const symbols = new UserSymbols({ cache: 'PER_PROGRAM' });
  symbols.remember(first.pid);
  assert.equal(symbols.at(0x3ffffe, leaf, probed)?.name, 'leaf');
  assert.equal(symbols.at(0x3ffffe, leaf, '/bin/other'), undefined);
  first.end();
});

test('C++ names are those of the source, or as they stand', async () => {
  const { names } = testPrograms();
  assert.ok(names, 'g++ is installed');
  using observed = new Observed(names);
  await observed.ask('go');
  const file = openElf(names);
  assert.ok(file);
  const table = file.elf.symbols('static')!;
  const [index] = table.find('_ZNK6shapes6Circle4areaEv');
  const linked = table.value(index!);
  file.close();
  const { ProcessMaps } = await import('./process.ts');
  const base = ProcessMaps.read(observed.pid)!.mappings[0]!.start;
  const at = base + linked + 1n;
  assert.equal(new UserSymbols().at(observed.pid, at)?.name, 'shapes::Circle::area() const');
  const raw = new UserSymbols({ demangle: false }).at(observed.pid, at);
  assert.equal(raw?.name, '_ZNK6shapes6Circle4areaEv');
});

test('code of a compiler is named by what it wrote about it', async (t) => {
  const script = `
    const m = new WebAssembly.Module(Uint8Array.of(0,97,115,109,1,0,0,0));
    let s = 0; function hotLoop(n) { for (let i = 0; i < n; i++) s += i; return s; }
    for (let i = 0; i < 2000; i++) hotLoop(10000);
    console.log('ready'); setInterval(() => {}, 1000);`;
  // It also writes a log of its own where it runs.
  const child = spawn(process.execPath, ['--perf-basic-prof', '-e', script], {
    cwd: folder(t),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(`/tmp/perf-${child.pid}.map`, { force: true });
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const file = openRegular(`/tmp/perf-${child.pid}.map`, false);
  assert.ok(file, 'node wrote a map');
  const lines = Buffer.from(file.source.read(0, file.source.size)).toString('latin1').split('\n');
  file.close();
  const line = lines.reverse().find((each) => each.includes('hotLoop'));
  assert.ok(line, 'the function is in it');
  const symbols = new UserSymbols();
  const place = symbols.at(child.pid!, BigInt(`0x${line.split(' ')[0]}`) + 2n);
  assert.match(place?.name ?? '', /hotLoop/);
});

test('what is no regular file is not opened, and does not make anybody wait', (t) => {
  const at = folder(t);
  const fifo = join(at, 'fifo');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  symlinkSync('/dev/zero', join(at, 'device'));
  symlinkSync('loop', join(at, 'loop'));
  for (const path of [fifo, join(at, 'device'), join(at, 'loop'), at, '/dev/null', join(at, 'nothing')]) {
    assert.equal(openElf(path), undefined, path);
  }
  symlinkSync(testPrograms().probed, join(at, 'link'));
  assert.equal(openElf(join(at, 'link'), { follow: false }), undefined);
});

test('a huge sparse file, and one that is cut while it is read, have no symbols', (t) => {
  const at = folder(t);
  const sparse = join(at, 'sparse');
  const image = readFileSync(testPrograms().probed);
  // Sixty thousand sections, in the middle of nothing.
  image.writeBigUInt64LE(50n << 30n, 40);
  image.writeUInt16LE(60_000, 60);
  writeFileSync(sparse, image);
  truncateSync(sparse, 100 * 2 ** 30);
  const started = performance.now();
  const huge = openElf(sparse);
  assert.ok(huge);
  assert.throws(() => huge.elf.sections, { name: 'ElfError', code: 'bounds' });
  huge.close();
  assert.ok(performance.now() - started < 60_000);
  const cut = join(at, 'cut');
  copyFileSync(testPrograms().probed, cut);
  const file = openElf(cut);
  assert.ok(file);
  truncateSync(cut, 200);
  assert.throws(() => file.elf.symbols('static'), { name: 'ElfError', code: 'short' });
  file.close();
});

test('a program that is replaced keeps the names of what is mapped', async (t) => {
  const at = folder(t);
  const { probed, library, names } = testPrograms();
  const copy = join(at, 'probed');
  copyFileSync(probed, copy);
  copyFileSync(library, join(at, 'libprobed.so'));
  using observed = new Observed(copy);
  const leaf = await address(observed, 'leaf');
  rmSync(copy);
  copyFileSync(names ?? library, copy);
  assert.equal(new UserSymbols().at(observed.pid, leaf)?.name, 'leaf');
  await observed.end();
});

test('the kernel names its own addresses', () => {
  const [symbol] = kernelSymbols().find('vfs_read');
  assert.ok(symbol);
  if (symbol.address === 0n) return; // hidden from this reader
  assert.deepEqual(kernelPlace(symbol.address + 1n), { symbol, offset: 1n });
  assert.equal(kernelPlace(0x1000n), undefined);
});

test('a program that is linked for one address needs no process to name its functions', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-fixed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const make = (flag: string): { path: string; leaf: bigint } | undefined => {
    const path = join(folder, `program${flag}`);
    const input = 'int leaf(int x) { return x + 1; } int main(void) { return leaf(1); }';
    const made = spawnSync('gcc', ['-O0', flag, '-x', 'c', '-', '-o', path], { input });
    if (made.status !== 0) return undefined;
    const file = openElf(path)!;
    const table = file.elf.symbols('static')!;
    const leaf = table.value(table.find('leaf')[0]!);
    file.close();
    return { path, leaf };
  };
  const [fixed, movable] = [make('-no-pie'), make('-pie')];
  if (!fixed || !movable) return; // the guests have no compiler
  const symbols = new UserSymbols();
  const ended = 0x3ffffe;
  assert.deepEqual(symbols.at(ended, fixed.leaf + 1n, fixed.path), {
    ...{ name: 'leaf', offset: 1n, module: fixed.path },
  });
  assert.equal(symbols.at(ended, fixed.leaf), undefined);
  assert.equal(symbols.at(ended, movable.leaf, movable.path), undefined);
});
