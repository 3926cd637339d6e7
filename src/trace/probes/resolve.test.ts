import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FakeMachine, fakeProbes } from '../../../test/support/probe-environment.ts';
import type { UsdtNote } from '../../elf/usdt.ts';
import type { AttachPoint } from '../ast/nodes.ts';
import { checkLimits, type Resolution, type ResolveOptions, resolveProbe, splitTargets } from './resolve.ts';
import type { ProbeTarget } from './resolved.ts';

const inKernel = (...names: string[]) => names.map((name) => ({ module: 'vmlinux', name }));
const note = (provider: string, name: string, more: Partial<UsdtNote> = {}): UsdtNote => ({
  provider,
  name,
  arguments: '',
  address: 0x1100n,
  fileOffset: 0x100,
  semaphore: 0n,
  semaphoreOffset: undefined,
  ...more,
});

const machine: FakeMachine = {
  functions: [
    ...inKernel('vfs_read', 'vfs_write', 'do_exit', '__x64_sys_openat', 'do_work.part.0', 'do_sys_open'),
    { module: 'veth', name: 'veth_xmit' },
    { module: 'veth', name: 'vfs_lookalike' },
  ],
  modules: ['veth'],
  typed: [
    ...inKernel('vfs_read', 'vfs_write', 'twice'),
    { module: 'veth', name: 'veth_xmit' },
    { module: 'veth', name: 'twice' },
  ],
  tracepoints: ['sched:sched_switch', 'sched:sched_wakeup', 'syscalls:sys_enter_openat'],
  rawTracepoints: [...inKernel('sched_switch', 'sys_enter'), { module: 'veth', name: 'veth_event' }],
  iterators: ['task', 'task_file'],
  programs: [
    { programId: 7, name: 'handle', btfId: 3, parameters: 1 },
    { programId: 9, name: 'handle', btfId: 5, parameters: 1 },
    { programId: 9, name: 'other', btfId: 6, parameters: 1 },
  ],
  files: {
    '/bin/tool': {
      functions: [
        { name: 'main', fileOffset: 0x1000, size: 100 },
        { name: 'alias_of_main', fileOffset: 0x1000, size: 100 },
        { name: '_ZN2ns4workEi', fileOffset: 0x2000, size: 20 },
        { name: '_ZN2ns4workEd', fileOffset: 0x2100, size: 20 },
        { name: 'unsized', fileOffset: 0x3000, size: 0 },
      ],
      usdt: [
        note('app', 'start', { arguments: '-4@%edi 8@[sp, 16]' }),
        note('app', 'start', { arguments: '-4@%esi', fileOffset: 0x180 }),
        note('app', 'stop', { semaphore: 0x4000n, semaphoreOffset: 0x3000 }),
        note('app', 'nowhere', { fileOffset: undefined }),
      ],
    },
    '/bin/debugged': {
      sourceLine({ file, line, column }) {
        if (file === 'twice.c') return { kind: 'ambiguous', files: ['a/twice.c', 'b/twice.c'] };
        if (file !== 'main.c') return { kind: 'noFile', files: ['src/main.c', 'src/other.c'] };
        if (line !== 12) return { kind: 'noLine', lines: [12, 20] };
        const places = [
          { address: 0x1000n, fileOffset: 0xf00n, column: 3 },
          { address: 0x2000n, fileOffset: 0x1f00n, column: 7 },
        ].filter((each) => column === undefined || each.column === column);
        return places.length > 0 ? { kind: 'found', places } : { kind: 'noColumn', columns: [3, 7] };
      },
    },
    '/opt/tool@2/run': { functions: [{ name: 'start', fileOffset: 0x1000, size: 100 }] },
    '/lib/libc.so.6': {
      functions: [{ name: 'malloc', fileOffset: 0x5000, size: 50 }],
      usdt: [note('libc', 'setjmp')],
    },
  },
  libraries: { c: '/lib/libc.so.6' },
  mapped: { 42: ['/bin/tool', '/lib/libc.so.6'] },
  executables: { 42: '/bin/tool' },
  demangle: { _ZN2ns4workEi: 'ns::work(int)', _ZN2ns4workEd: 'ns::work(double)' },
};

const config = { missingProbes: 'error', maxProbes: 1024, maxBpfProgs: 1024 } as const;

function attachPoint(text: string, name?: string): AttachPoint {
  const span = { source: { name: 'stdin', text }, start: 0, end: text.length };
  return { kind: 'attachPoint', text, span, ...(name === undefined ? {} : { name }) };
}

function resolve(text: string, options: Partial<ResolveOptions> = {}, from = machine): Resolution {
  return resolveProbe(attachPoint(text), fakeProbes(from), { config, ...options });
}

/** The names of everything that it means; fails when something was said. */
function names(text: string, options: Partial<ResolveOptions> = {}): string[] {
  return targets(text, options).map(({ name }) => name);
}

function targets(text: string, options: Partial<ResolveOptions> = {}): ProbeTarget[] {
  const { probes, diagnostics } = resolve(text, options);
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    [],
    text,
  );
  return probes.flatMap((probe) => [...probe.targets]);
}

/** What is said about it, as `severity: message`, with the hint behind it. */
function said(text: string, options: Partial<ResolveOptions> = {}): string {
  const { probes, diagnostics } = resolve(text, options);
  if (diagnostics.some(({ severity }) => severity === 'error')) assert.deepEqual(probes, []);
  return diagnostics
    .map(({ severity, message, hint }) => `${severity}: ${message}${hint ? ` [${hint}]` : ''}`)
    .join('\n');
}

test('each provider names its places', () => {
  for (const [text, expected] of [
    ['begin', ['begin']],
    ['END', ['end']],
    ['self:signal:SIGUSR1', ['self:signal:SIGUSR1']],
    ['test:sum', ['test:sum']],
    ['bench:loop', ['bench:loop']],
    ['kprobe:vfs_read', ['kprobe:vfs_read']],
    ['K:vfs_read+0x10', ['kprobe:vfs_read+16']],
    ['kr:veth:veth_xmit', ['kretprobe:veth:veth_xmit']],
    ['kprobe:vmlinux:vfs_read', ['kprobe:vmlinux:vfs_read']],
    ['f:vfs_read', ['fentry:vmlinux:vfs_read']],
    ['kretfunc:veth:veth_xmit', ['fexit:veth:veth_xmit']],
    ['fentry:bpf:other', ['fentry:bpf:9:other']],
    ['fentry:bpf:7:handle', ['fentry:bpf:7:handle']],
    ['fexit:bpf:*:handle', ['fexit:bpf:7:handle', 'fexit:bpf:9:handle']],
    ['t:sched:sched_switch', ['tracepoint:sched:sched_switch']],
    ['rt:sys_enter', ['rawtracepoint:vmlinux:sys_enter']],
    ['rawtracepoint:veth:veth_event', ['rawtracepoint:veth:veth_event']],
    ['uprobe:/bin/tool:main', ['uprobe:/bin/tool:main']],
    ['u:/bin/tool:main+4', ['uprobe:/bin/tool:main+4']],
    ['ur:libc:malloc', ['uretprobe:/lib/libc.so.6:malloc']],
    ['uprobe:/bin/tool:0x1004', ['uprobe:/bin/tool:4100']],
    ['U:/bin/tool:stop', ['usdt:/bin/tool:app:stop']],
    ['usdt:/bin/tool:app:stop', ['usdt:/bin/tool:app:stop']],
    ['profile:hz:99', ['profile:hz:99']],
    ['interval:1s', ['interval:us:1000000']],
    ['i:ms:1e3', ['interval:ms:1000']],
    ['software:faults', ['software:faults']],
    ['s:cpu:1e6', ['software:cpu:1000000']],
    ['hardware:cycles:5', ['hardware:cycles:5']],
    ['w:0x1000:8:wr', ['watchpoint:4096:8:rw']],
    ['iter:task', ['iter:task']],
    ['it:task_file:pinned', ['iter:task_file']],
  ] as const) {
    assert.deepEqual(names(text), expected, text);
  }
});

test('targets carry what attaching needs', () => {
  assert.deepEqual(targets('kprobe:vfs_read+0x10'), [
    { kind: 'kernelFunction', symbol: 'vfs_read', offset: 16, name: 'kprobe:vfs_read+16' },
  ]);
  assert.deepEqual(targets('uprobe:/bin/tool:main+0x10', { pid: 42 }), [
    {
      kind: 'userFunction',
      path: '/bin/tool',
      symbol: 'main',
      fileOffset: 0x1010n,
      pid: 42,
      name: 'uprobe:/bin/tool:main+16',
    },
  ]);
  assert.deepEqual(targets('usdt:/bin/tool:stop'), [
    {
      kind: 'usdt',
      path: '/bin/tool',
      namespace: 'app',
      probeName: 'stop',
      fileOffset: 0x100n,
      semaphoreOffset: 0x3000n,
      argumentSpecs: [],
      pid: undefined,
      name: 'usdt:/bin/tool:app:stop',
    },
  ]);
  assert.deepEqual(targets('interval:hz:10'), [
    { kind: 'timer', everyCpu: false, frequency: 10, name: 'interval:hz:10' },
  ]);
  assert.deepEqual(targets('profile:ms:5', { pid: 42 }), [
    { kind: 'timer', everyCpu: true, period: 5_000_000n, pid: 42, name: 'profile:ms:5' },
  ]);
  // An interval ticks for everybody.
  assert.equal('pid' in targets('interval:ms:5', { pid: 42 })[0]!, false);
  assert.deepEqual(targets('software:cs', { pid: 42 }), [
    {
      kind: 'counter',
      type: 'software',
      event: 'context-switches',
      count: 1000n,
      pid: 42,
      name: 'software:cs',
    },
  ]);
  assert.deepEqual(targets('fentry:bpf:7:handle'), [
    {
      kind: 'bpfProgram',
      programId: 7,
      function: 'handle',
      btfId: 3,
      parameters: 1,
      name: 'fentry:bpf:7:handle',
    },
  ]);
  assert.deepEqual(targets('kprobe:0xffffffff81000000', { unsafe: true }), [
    {
      kind: 'kernelFunction',
      symbol: '',
      offset: 0,
      address: 0xffffffff81000000n,
      name: `kprobe:${0xffffffff81000000n}`,
    },
  ]);
});

test('wildcards match whole names, in the order of bytes, without split copies', () => {
  assert.deepEqual(names('kprobe:vfs_*'), ['kprobe:vfs_lookalike', 'kprobe:vfs_read', 'kprobe:vfs_write']);
  assert.deepEqual(names('kprobe:vmlinux:vfs_*'), ['kprobe:vmlinux:vfs_read', 'kprobe:vmlinux:vfs_write']);
  assert.deepEqual(names('kprobe:do_*'), ['kprobe:do_exit', 'kprobe:do_sys_open']);
  assert.deepEqual(names('kprobe:v*:v*_xmit'), ['kprobe:veth:veth_xmit']);
  assert.deepEqual(names('tracepoint:sched:*'), [
    'tracepoint:sched:sched_switch',
    'tracepoint:sched:sched_wakeup',
  ]);
  assert.deepEqual(names('tracepoint:*open*'), ['tracepoint:syscalls:sys_enter_openat']);
  assert.deepEqual(names('fentry:v*'), [
    'fentry:veth:veth_xmit',
    'fentry:vmlinux:vfs_read',
    'fentry:vmlinux:vfs_write',
  ]);
  assert.deepEqual(names('rt:*_s*'), ['rawtracepoint:vmlinux:sched_switch']);
  assert.deepEqual(names('uprobe:/bin/tool:*main*'), ['uprobe:/bin/tool:main']);
  assert.deepEqual(names('uprobe:/*:ma*'), ['uprobe:/bin/tool:main', 'uprobe:/lib/libc.so.6:malloc']);
});

test('C++ functions are found by their names without parameters, and by those with', () => {
  assert.deepEqual(names('uprobe:/bin/tool:cpp:"ns::work"'), [
    'uprobe:/bin/tool:cpp:_ZN2ns4workEd',
    'uprobe:/bin/tool:cpp:_ZN2ns4workEi',
  ]);
  assert.deepEqual(names('uprobe:/bin/tool:"ns::work(int)"'), ['uprobe:/bin/tool:cpp:_ZN2ns4workEi']);
  assert.deepEqual(names('uprobe:/bin/tool:cpp:"ns::*(d*)"'), ['uprobe:/bin/tool:cpp:_ZN2ns4workEd']);
});

test('with a process the file may be left out', () => {
  assert.deepEqual(names('uprobe:main', { pid: 42 }), ['uprobe:/bin/tool:main']);
  assert.deepEqual(names('uprobe:cpp:"ns::w*"', { pid: 42 }).length, 2);
  assert.deepEqual(names('usdt:setjmp', { pid: 42 }), ['usdt:/lib/libc.so.6:libc:setjmp']);
  assert.deepEqual(names('usdt:*:app:stop', { pid: 42 }), ['usdt:/bin/tool:app:stop']);
  assert.deepEqual(names('usdt:/bin/tool:st*', { pid: 42 }).length, 3);
});

test('what one program cannot serve comes as several probes', () => {
  const groups = (text: string) => resolve(text).probes.map((probe) => probe.targets.length);
  assert.deepEqual(groups('kprobe:vfs_*'), [3]);
  assert.deepEqual(groups('fentry:vfs_*'), [1, 1]);
  assert.deepEqual(groups('rt:s*'), [2]);
  // Whether their arguments are read, and lie elsewhere, is for lowering to see.
  assert.deepEqual(groups('usdt:/bin/tool:app:start'), [2]);
  const [all] = resolve('kprobe:vfs_*').probes;
  assert.equal(all!.name, 'kprobe:vfs_*');
  assert.deepEqual(
    splitTargets(all!).map(({ name }) => name),
    ['kprobe:vfs_lookalike', 'kprobe:vfs_read', 'kprobe:vfs_write'],
  );
});

test('a wildcard provider means those of the kernel, or with a path those of programs', () => {
  const providers = (text: string, pid?: number) =>
    resolve(text, { pid }).probes.map((probe) => probe.provider);
  assert.deepEqual(providers('*:vfs_read'), ['fentry', 'kprobe']);
  assert.deepEqual(providers('*:sched_switch'), ['rawtracepoint']);
  assert.deepEqual(providers('*probe:vfs_read'), ['kprobe']);
  assert.deepEqual(providers('*:/bin/tool:main'), ['uprobe']);
  assert.deepEqual(providers('*:stop', 42), ['usdt']);
  assert.match(said('*nothing:x'), /error: No probe type matched for \*nothing/);
  assert.equal(said('*:nothing_has_this_name'), '');
});

test('a name that was given is that of the probe, and its places keep theirs', () => {
  const { probes } = resolveProbe(attachPoint('kprobe:vfs_r*', 'mine'), fakeProbes(machine), { config });
  assert.equal(probes[0]!.name, 'mine');
  assert.deepEqual(
    probes[0]!.targets.map(({ name }) => name),
    ['kprobe:vfs_read'],
  );
});

test('a wildcard that matches nothing is nothing to be told, a name is', () => {
  for (const text of [
    'kprobe:zz*',
    'fentry:zz*',
    't:sched:zz*',
    'rt:zz*',
    'uprobe:/bin/tool:zz*',
    'usdt:/bin/tool:zz*:*',
  ]) {
    assert.deepEqual(resolve(text), { probes: [], diagnostics: [] }, text);
  }
  assert.match(said('rt:zz'), /^error: No matches for rawtracepoint zz\./);
  assert.match(said('usdt:/bin/tool:zz'), /^error: No matches for usdt \/bin\/tool:zz\./);
  assert.match(said('uprobe:/bin/tool:cpp:zz'), /^error: No matches for uprobe \/bin\/tool:zz\./);
});

test('quotes protect, and parameters stand for text outside of them', () => {
  const parameters = ['vfs_read', 'sched:sched_switch', '$1'];
  assert.deepEqual(names('kprobe:"vfs_read"'), ['kprobe:vfs_read']);
  assert.deepEqual(names('kprobe:$1', { parameters }), ['kprobe:vfs_read']);
  assert.deepEqual(names('tracepoint:$2', { parameters }), ['tracepoint:sched:sched_switch']);
  assert.match(said('kprobe:"$1"', { parameters }), /No matches for kprobe \$1\./);
  assert.match(said('kprobe:$3', { parameters }), /No matches for kprobe \$1\./);
  assert.equal(
    said('kprobe:$9', { parameters }),
    'error: kprobes should be attached to a function or an address',
  );
  assert.match(said('kprobe:$x'), /invalid trailing character for positional param: x\. Try quoting/);
});

test('what is wrong is said in the words of the reference', () => {
  for (const [text, message] of [
    ['kprob:x', 'Invalid probe type: kprob [did you mean kprobe or uprobe?]'],
    ['kprobe', 'kprobe probe type requires 1 or 2 arguments, found 0'],
    ['begin:x', 'begin probe type requires 0 arguments, found 1'],
    ['self:signal', 'self probe type requires 2 arguments, found 1'],
    ['self:signal:SIGHUP', 'SIGHUP is not a supported signal'],
    ['self:timer:x', 'timer is not a supported trigger'],
    ['kprobe:', 'kprobes should be attached to a function or an address'],
    ['kprobe:a+1+2', 'Cannot take more than one offset'],
    ['kprobe:a+', 'Invalid offset'],
    ['kprobe:vfs_read+x', 'Invalid offset: invalid integer: x'],
    ['kretprobe:vfs_read+1', 'Offset not allowed'],
    ['kprobe:vfs_rea', 'No matches for kprobe vfs_rea. [did you mean kprobe:vfs_read?]'],
    ['kprobe:sys_openat', 'No matches for kprobe sys_openat. [did you mean kprobe:__x64_sys_openat?]'],
    ['kprobe:nfs:vfs_read', 'specified module nfs in probe kprobe:nfs:vfs_read is not loaded.'],
    ['kprobe:veth:vfs_read', 'No matches for kprobe veth:vfs_read. [did you mean kprobe:vfs_read?]'],
    ['fentry:twice', "ambiguous attach point, please specify module containing the function 'twice'"],
    ['fentry:bpf', "the 'bpf' variant of this probe requires a bpf program name and optional bpf program id"],
    ['fentry:bpf:x:y', "bpf program id must be a number or '*'"],
    ['fentry:a:b:c', "Only the 'bpf' variant of this probe supports 4 arguments"],
    ['tracepoint:x', 'tracepoint probe type requires 2 arguments, found 1'],
    [
      'tracepoint:shed:sched_switch',
      'No matches for tracepoint shed:sched_switch. [did you mean tracepoint:sched:sched_switch?]',
    ],
    ['rt:a:b:c', 'rawtracepoint probe type requires 2 or 1 arguments, found 3'],
    ['uprobe:main', 'uprobe probe type requires 2 or 3 arguments, found 1'],
    ['uprobe:/bin/tool:', 'uprobe should be attached to a function and/or address'],
    ['uprobe:/bin/none:main', "uprobe target file '/bin/none' does not exist or is not executable"],
    ['uprobe:/bin/*:0x10', 'Cannot use wildcards with absolute address'],
    ['uprobe:/bin/tool:rust:main', 'unsupported language type: rust'],
    ['uprobe:/bin/tool:main+100', "Offset 100 is outside the function bounds ('main' size is 100)"],
    ['uprobe:/bin/tool:main+3', 'Could not add uprobe into middle of instruction: /bin/tool:main+3'],
    ['uprobe:/bin/tool:0x1003', 'Could not add uprobe into middle of instruction: /bin/tool:0x1003'],
    [
      'uprobe:/bin/tool:unsized+4',
      'It cannot be told whether an instruction starts at /bin/tool:unsized+4 [with --unsafe it is not checked; the program crashes if it is wrong]',
    ],
    [
      'uprobe:/bin/tool:0x9000',
      'Could not resolve address: /bin/tool:0x9000 [with --unsafe it is not checked; the program crashes if it is wrong]',
    ],
    ['uprobe:/bin/tool:0x99999999', '0x99999999 is not an address of code in /bin/tool'],
    ['uprobe:/bin/tool:mian', 'No matches for uprobe /bin/tool:mian. [did you mean uprobe:/bin/tool:main?]'],
    ['usdt:/bin/tool:', 'usdt probe must have a target function or wildcard'],
    [
      'usdt::x',
      "usdt probe must specify at least path or pid to probe. To target all paths/pids set the path to '*'.",
    ],
    ['usdt:/bin/none:x', "usdt target file '/bin/none' does not exist or is not executable"],
    ['usdt:/bin/tool:stob', 'No matches for usdt /bin/tool:stob. [did you mean usdt:/bin/tool:stop?]'],
    ['usdt:/bin/tool:nowhere', 'app:nowhere lies in no part of its file that is mapped to be executed'],
    ['profile:hz:x', 'Invalid rate of profile probe: invalid integer: x'],
    ['profile:999', 'Invalid rate of profile probe. Minimum is 1000 or 1us. Found: 999 nanoseconds'],
    ['profile:min:1', 'min is not an accepted unit of time'],
    ['interval:hz:0', 'interval frequency should be a positive integer'],
    ['interval', 'interval probe type requires 1 or 2 arguments, found 0'],
    ['software:fault', 'fault is not a software probe [did you mean software:faults?]'],
    ['software:*', 'wildcards are not allowed for software probe type'],
    ['hardware:cycles:x', 'Invalid count for hardware probe: invalid integer: x'],
    ['watchpoint:0:8:w', 'watchpoint must be attached to a non-zero address'],
    ['watchpoint:0x10:3:w', 'watchpoint length must be one of (1,2,4,8)'],
    ['watchpoint:0x10:8:ww', 'watchpoint modes may not be duplicated'],
    ['watchpoint:0x10:8:q', 'watchpoint mode must be combination of (r,w,x)'],
    ['watchpoint:0x10:8:r', 'invalid watchpoint mode: r [supported modes: rw,w,x]'],
    ['watchpoint:main:8:w', 'Invalid function/address argument: invalid integer: main'],
    ['iter:tas', 'iter tas not available for your kernel version. [did you mean iter:task?]'],
    ['iter:*', 'iter probe type does not support wildcards'],
    ['iter:a:b:c', 'iter probe type takes 2 arguments (1 optional)'],
  ] as const) {
    assert.equal(said(text), `error: ${message}`, text);
  }
});

test('with --unsafe places are not checked', () => {
  assert.deepEqual(names('uprobe:/bin/tool:main+3', { unsafe: true }), ['uprobe:/bin/tool:main+3']);
  assert.deepEqual(names('uprobe:/bin/tool:0x9000', { unsafe: true }), ['uprobe:/bin/tool:36864']);
});

test('a line of the source is a probe for each of its places', () => {
  assert.deepEqual(names('uprobe:/bin/debugged@main.c:12'), [
    'uprobe:/bin/debugged:4096',
    'uprobe:/bin/debugged:8192',
  ]);
  assert.deepEqual(names('u:/bin/debugged@main.c:12:7'), ['uprobe:/bin/debugged:8192']);
  assert.deepEqual(targets('uprobe:/bin/debugged@main.c:12:7'), [
    {
      ...{ kind: 'userFunction', path: '/bin/debugged', symbol: '', fileOffset: 0x1f00n, pid: undefined },
      name: 'uprobe:/bin/debugged:8192',
    },
  ]);
});

test('a file whose own name has an at sign is that file', () => {
  assert.deepEqual(names('uprobe:/opt/tool@2/run:start'), ['uprobe:/opt/tool@2/run:start']);
});

test('a line of the source that is wrong is told, and what is near it', () => {
  const format = 'Invalid uprobe arguments, expected format: uprobe:TARGET@FILE:LINE[:COL]';
  for (const [text, message] of [
    ['uprobe:/bin/tool@main.c', format],
    ['uprobe:/bin/debugged@:12', format],
    ['uprobe:/bin/debugged@main.c:12:7:1', format],
    ['uprobe:/bin/debugged@main.c:x', 'Invalid line number: invalid integer: x'],
    ['uprobe:/bin/debugged@main.c:12:y', 'Invalid column number: invalid integer: y'],
    ['uprobe:/bin/*@main.c:12', 'Cannot use wildcards with source code location'],
    ['uprobe:/bin/none@main.c:12', "uprobe target file '/bin/none' does not exist or is not executable"],
    [
      'uprobe:/bin/tool@main.c:12',
      "No DWARF debug info found for '/bin/tool', cannot attach by source code location.",
    ],
    [
      'uprobe:/bin/debugged@mian.c:12',
      'DWARF error: No compilation unit matches mian.c [did you mean src/main.c?]',
    ],
    ['uprobe:/bin/debugged@far.c:12', 'DWARF error: No compilation unit matches far.c'],
    [
      'uprobe:/bin/debugged@main.c:13',
      "DWARF error: Unable to map 'main.c:13' to address [the nearest lines with code are 12 and 20]",
    ],
    [
      'uprobe:/bin/debugged@main.c:99',
      "DWARF error: Unable to map 'main.c:99' to address [the nearest line with code is 20]",
    ],
    [
      'uprobe:/bin/debugged@main.c:12:9',
      "DWARF error: Unable to map 'main.c:12:9' to address [line 12 has code at columns 3, 7]",
    ],
    [
      'uprobe:/bin/debugged@twice.c:1',
      'DWARF error: Ambiguous source path, matches multiple files: a/twice.c, b/twice.c',
    ],
  ] as const) {
    assert.equal(said(text), `error: ${message}`, text);
  }
});

test('missing probes are errors, warnings or nothing, as the script wants', () => {
  const how = (missingProbes: 'warn' | 'ignore') =>
    said('kprobe:nothing', { config: { ...config, missingProbes } });
  assert.equal(how('warn'), 'warning: No matches for kprobe nothing. Skipping.');
  assert.equal(how('ignore'), '');
});

test('limits of programs and of probes', () => {
  const few = { ...config, maxBpfProgs: 1 };
  assert.match(
    said('fentry:vfs_*', { config: few }),
    /^error: Your program is trying to generate more than 2 BPF programs, which exceeds the current limit of 1 \[You can increase the limit through the BPFTRACE_MAX_BPF_PROGS/,
  );
  assert.match(
    said('kprobe:vfs_*', { config: { ...config, maxProbes: 2 } }),
    /^error: Can't attach to 3 probes because it exceeds the current limit of 2 probes\. \[You can increase/,
  );
  const { probes } = resolve('kprobe:vfs_*');
  assert.equal(checkLimits([...probes, ...probes], { ...config, maxProbes: 5 }, undefined).length, 1);
});

test('no list is read for a name that is known', () => {
  const environment = fakeProbes(machine);
  for (const text of [
    'kprobe:vfs_read',
    'fentry:vfs_read',
    'tracepoint:sched:sched_switch',
    'rt:sys_enter',
    'iter:task',
    'uprobe:/bin/tool:main',
    'usdt:/bin/tool:stop',
  ]) {
    resolveProbe(attachPoint(text), environment, { config });
  }
  assert.deepEqual(environment.asked, []);
});

test('no text makes resolution throw', () => {
  const piece = fc.constantFrom(
    ...[
      'kprobe',
      'uprobe',
      'usdt',
      't',
      'U',
      '*',
      ':',
      ':',
      '"',
      '$',
      '1',
      '+',
      '/bin/tool',
      'main',
      '[',
      ']',
    ],
    ...[
      'profile',
      'hz',
      '99',
      'software',
      'w',
      'iter',
      'bpf',
      'fentry',
      'cpp',
      '\\',
      '@',
      '-',
      'lib',
      '__proto__',
    ],
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.option(fc.constant(42), { nil: undefined }),
      (pieces, pid) => {
        const { probes, diagnostics } = resolve(pieces.join(''), { pid, parameters: ['main', ':"$1'] });
        for (const probe of probes) assert.ok(probe.targets.length > 0);
        const text = pieces.join('');
        if (probes.length === 0 && !/\*|\[.*\]|\].*\[/.test(text)) assert.ok(diagnostics.length > 0, text);
      },
    ),
    { numRuns: 2000 },
  );
});
