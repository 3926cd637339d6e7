/** For tests: a machine of lists and the checker's small kernel, and texts with a `|` where the cursor is. */
import { fakeProbes } from '../../../test/support/probe-environment.ts';
import { readDefinitions } from '../cdefs/scope.ts';
import { testEnvironment } from '../check/testing.ts';
import type { ImportFiles } from '../imports/resolve.ts';
import { Analysis } from './analysis.ts';
import { Document } from './document.ts';
import type { LspEnvironment } from './environment.ts';

const library = 'macro twice(x) { x * 2 }\n';

const files: ImportFiles = {
  read: () => library,
  kindOf: (path) => (path.endsWith('library.bt') ? 'file' : undefined),
  list: () => [],
  writableByOthers: () => 'no',
  identity: (path) => path,
};

const kernel: Readonly<Record<string, readonly string[]>> = {
  struct: ['task_struct', 'path', 'task_group'],
  typedef: ['pid_t', 'u8'],
  enumerator: ['BLUE', 'BLACK', 'RED'],
};

export const fakeEnvironment: LspEnvironment = {
  files,
  probes: fakeProbes({
    functions: ['vfs_read', 'vfs_write', 'do_vfs_ioctl'].map((name) => ({ module: 'vmlinux', name })),
    typed: [
      { module: 'vmlinux', name: 'vfs_read' },
      { module: 'veth', name: 'veth_xmit' },
    ],
    tracepoints: ['sched:sched_switch', 'sched:sched_wakeup', 'syscalls:sys_enter_openat'],
    iterators: ['task', 'task_file'],
    files: { '/bin/tool': { functions: [{ name: 'main', fileOffset: 0x1000, size: 100 }] } },
  }),
  names(definitions, _source, diagnostics) {
    const own = readDefinitions(definitions, { readFile: () => undefined }, diagnostics);
    const { types } = testEnvironment;
    return {
      type: (name, tag) => own.type(name, tag) ?? types.type(name, tag),
      constant: (name) => own.constant(name) ?? types.constant(name),
      expansion: (name) => own.expansion(name),
    };
  },
  check: (types) => ({ ...testEnvironment, types, unsafe: true, child: true }),
  parameters: (provider, place) => (provider === 'tracepoint' ? [`int of_${place.replace(':', '_')}`] : []),
  kernelNames: (kind) => kernel[kind] ?? [],
  paths: (prefix) => ['/bin/', '/bin/tool', '/boot/'].filter((path) => path.startsWith(prefix)),
};

export interface Marked {
  readonly document: Document;
  readonly analysis: Analysis;
  readonly offset: number;
}

export function marked(text: string): Marked {
  const offset = text.indexOf('|');
  const plain = text.slice(0, offset) + text.slice(offset + 1);
  const document = new Document('file:///x/script.bt', 1, plain);
  return { document, analysis: new Analysis(document.source, fakeEnvironment), offset };
}
