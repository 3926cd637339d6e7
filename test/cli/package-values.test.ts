/** Packages with every kind of value and of speaking map, through the built command line. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bpfkit, startBpfkit } from '../support/command.ts';
import { projectRoot } from '../support/project.ts';
import { waitUntil } from '../support/wait.ts';

const forRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };
const sources = join(projectRoot, 'test/package');

async function build(t: TestContext, name: string, ...header: readonly string[]): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), 'bpfkit-values-test-'));
  t.after(() => rmSync(out, { recursive: true, force: true }));
  const words = [`${name}.bpf.c`, ...header].map((file) => join(sources, file));
  const result = await bpfkit(['build', ...words, '-o', out]);
  assert.equal(result.code, 0, result.stderr.toString());
  return join(out, 'package.json');
}

/** What a package prints, once the program has seen this process. */
async function output(
  path: string,
  words: readonly string[],
  wanted: RegExp,
  flags: readonly string[] = [],
): Promise<string> {
  const running = startBpfkit(['run', ...flags, path, ...words]);
  await waitUntil(`${wanted} in the output`, () => {
    process.getgid?.();
    return wanted.test(running.stdout);
  });
  running.signal('SIGINT');
  const result = await running.result();
  assert.equal(result.code, 0, result.stderr.toString());
  return result.stdout.toString();
}

const own = ['--pid', String(process.pid)];

test('every kind of value has its column, and the header is that of the event', forRoot, async (t) => {
  const path = await build(t, 'values', 'values.h');
  const text = await output(path, [...own, '--disable-o_on'], /HUGE_ONE/);
  const [header, row] = text.split('\n');
  assert.match(header!, /^TIME {5}U8V {4}S8V {4}C {6}OK /);
  assert.match(header!, /WIDE {3}PTR {4}SELF {3}ANON1 {2}ANON2 {2}ANON3 {2}COMM {3}FULL/);
  assert.match(
    row!,
    /^[\d:]{8} 1 +-1 +99 +false +0 +0 +0 +0 +18446744073709551615 0 +340282366920938463463374607431768211455 -5 1\.5 -2\.5 GREEN\(2\) <UNKNOWN_VARIANT>\(99\) HUGE_ONE\(4294967296\) MINUS\(-3\) \{"a":3,"name":"inn\\"er","un":\{"u":1065353216,"f":1\}\} \[\{"x":1,"y":-2\},\{"x":3,"y":4\}\] \[1,-2,3\] \[222,0,0,0,0,1\] \[\[0,0\],\[7,0\]\] 1 5 -4 1099511627775 18446612682070032384 0 11 12 12 \S+ full$/,
  );
});

test(
  'every type of integer, switches, enums and texts are options up to their limits',
  forRoot,
  async (t) => {
    const path = await build(t, 'values', 'values.h');
    const words =
      '--o_u8 255 --o_s8 -128 --o_char X --o_bool --o_u16 0xffff --o_s16=-32768 --o_u32 4_294_967_295 --o_s32 0b101 --o_u64 18446744073709551615 --o_s64 -9223372036854775808 --o_color BLUE';
    const text = await output(path, [...own, ...words.split(' ')], /"comm"/, ['--json']);
    const line = text.split('\n')[0]!;
    assert.ok(
      line.startsWith(
        '{"u8v":255,"s8v":-128,"c":88,"ok":true,"u16v":65535,"s16v":-32768,"u32v":4294967295,"s32v":5,"u64v":18446744073709551615,"s64v":-9223372036854775808,',
      ),
      line,
    );
    assert.match(line, /"col":"BLUE","colbad":99,"big":"HUGE_ONE","neg":"MINUS"/);
    // In the order of the struct, also where members have no name.
    assert.match(line, /"self":0,"anon1":11,"anon2":12,"anon3":12,"comm":/);
  },
);

test('help shows what variables have, and how switches that are on are switched off', forRoot, async (t) => {
  const path = await build(t, 'values', 'values.h');
  const help = (await bpfkit(['run', path, '--help'])).stdout.toString();
  for (const line of [
    '  -p, --pid <pid>            the pid',
    '      --o_s8 <o_s8>          Set value of `s8` variable o_s8 [default: -1]',
    '      --o_char <o_char>      Set value of `char` variable o_char [default: c]',
    '      --disable-o_on         Set value of `bool` variable o_on',
    '      --disable-o_def_on     switch it off',
    '      --enable-o_def_off     Set value of `bool` variable o_def_off',
    '      --o_bool               Set value of `bool` variable o_bool',
    '      --o_name <o_name>      Set value of `char[16]` variable o_name [default: dflt]',
    '      --o_color <o_color>    Set value of `enum color` variable o_color [default: GREEN]',
    '      --o_u16 <o_u16>        Set value of `__u16` variable o_u16',
  ]) {
    assert.ok(help.split('\n').includes(line), `${line}\nis not in\n${help}`);
  }
  assert.doesNotMatch(help, /hidden_static|o_arr|o_struct|__eunomia/);
});

test('values that do not fit are refused with what fits', forRoot, async (t) => {
  const path = await build(t, 'values', 'values.h');
  for (const [words, message] of [
    [['--o_u8', '256'], 'option --o_u8: 256 does not fit in u8 (0 to 255)'],
    [['--o_s8', '-129'], 'option --o_s8: -129 does not fit in s8 (-128 to 127)'],
    [['--o_u64', '-1'], 'option --o_u64: -1 does not fit in u64 (0 to 18446744073709551615)'],
    [['--o_color', 'GREE'], 'option --o_color: "GREE" is none of GREEN, RED'],
    [['--o_char', 'xy'], 'option --o_char: "xy" is neither a whole number nor one character'],
    [['--o_bool=1'], 'option --o_bool=1: it takes no value, or true or false'],
    [
      ['--o_name', '12345678901234567'],
      'option --o_name: 17 bytes do not fit in char[16] (15, and the zero at the end)',
    ],
    [
      ['--o_name=1234567890123456'],
      'option --o_name: 16 bytes do not fit in char[16] (15, and the zero at the end)',
    ],
    [['--o_float', 'Infinityy'], 'option --o_float: "Infinityy" is no number'],
    [['--o_double', 'x'], 'option --o_double: "x" is no number'],
    [['--o_float', '1e39'], 'option --o_float: "1e39" is too large for 4 bytes'],
    [['--o_u32', '1.5'], 'option --o_u32: "1.5" is no whole number'],
    [['--verbose=1'], 'option --verbose=1: it takes no value'],
    [['-p'], 'option -p: a value is missing'],
  ] as const) {
    const result = await bpfkit(['run', path, ...words]);
    assert.equal(result.code, 2, words.join(' '));
    assert.equal(result.stderr.toString().split('\n')[0], message);
  }
});

test('several maps speak at once, and each line says of which it is', forRoot, async (t) => {
  const path = await build(t, 'speakers');
  const pid = ['--target_pid', String(process.pid)];
  const text = await output(path, pid, /hists: .*distribution[\s\S]*kv: [\d:]{8} /);
  assert.match(
    text,
    new RegExp(`^as: TIME {5}PID {4}COMM {3}\n(?:.*\n)*as: [\\d:]{8} ${process.pid} +`, 'm'),
  );
  assert.match(text, /^bs: [\d:]{8} +18446744073709551615 3 +esc\\x1b\[31m\\n\|$/m);
  // Counts of all CPUs that this process was on, once.
  assert.match(text, /^hists: total = 15\nhists: comm = .+\n\nhists: {6}usecs/m);
  assert.match(text, /^hists: {10}8 -> 15 {9}: \d*[05] +\|\*{20} {20}\|$/m);
  assert.match(text, /^lin: {15}2 : 3 +\|\*{40}\|$/m);
  assert.match(text, /^kv: TIME {5}A {6}B {6}U64 {4}$/m);
  const json = await output(path, pid, /"map":"hists"[\s\S]*"map":"kv"/, ['--json']);
  const lines = json
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(lines.every(({ map }) => ['as', 'bs', 'hists', 'lin', 'counts', 'kv'].includes(String(map))));
  assert.deepEqual(
    lines.find(({ map }) => map === 'kv'),
    { map: 'kv', key: { a: 1, b: 2 }, value: { u64: 1 } },
  );
});

test(
  'a header with comments and attributes everywhere gives its structs, none of those in comments',
  forRoot,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'bpfkit-values-test-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const source = join(folder, 'odd.bpf.c');
    writeFileSync(
      source,
      `#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include ${JSON.stringify(join(sources, 'odd-header.h'))}\nSEC("tp/syscalls/sys_enter_getgid") int on_call(void *c) { return 0; }\nchar LICENSE[] SEC("license") = "GPL";\n`,
    );
    const result = await bpfkit(['build', source, join(sources, 'odd-header.h')]);
    assert.equal(result.code, 0, result.stderr.toString());
    const { export_types: found } = JSON.parse(readFileSync(join(folder, 'odd.skel.json'), 'utf8')) as {
      export_types: { name: string; size: number }[];
    };
    assert.deepEqual(found.map(({ name, size }) => [name, size]).sort(), [
      ['aligned_event', 8],
      ['packed_event', 28],
      ['plain_t', 8],
      ['tagged', 4],
    ]);
  },
);

test('a header that the source includes is not included again: it needs no guard', forRoot, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-values-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const header = write('event.h', 'struct event { int pid; };\n');
  write('all.h', '#include "event.h"\n');
  const program =
    'SEC("tp/syscalls/sys_enter_getgid") int on_call(void *c) { return 0; }\nchar LICENSE[] SEC("license") = "GPL";\n';
  for (const include of ['#include "event.h"\n', '# include <event.h>\n', '#include "all.h"\n', '']) {
    const source = write(
      'once.bpf.c',
      `#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n${include}${program}`,
    );
    const result = await bpfkit(['build', source, header]);
    assert.equal(result.code, 0, `${include}${result.stderr.toString()}`);
    const { export_types: found } = JSON.parse(readFileSync(join(folder, 'once.skel.json'), 'utf8')) as {
      export_types: { name: string }[];
    };
    assert.deepEqual(
      found.map(({ name }) => name),
      ['event'],
      include,
    );
  }
});

test('a path that is no file is not taken for a name in a registry', async () => {
  const result = await bpfkit(['run', 'out/package.json']);
  assert.match(result.stderr.toString(), /^bpfkit: out\/package\.json: no such file$/m);
  assert.equal(result.code, 1);
});
