/** The running kernel as a compilation environment. */
import { possibleCpus } from '../kernel/cpus.ts';
import { olderThan } from '../kernel/feature/release.ts';
import { tracefs } from '../kernel/mounts.ts';
import { suggestTracepoints, tracepointFormat } from '../kernel/tracepoint/list.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import type { Environment } from './environment.ts';

/** Facts are read when they are needed: a program without tracepoints never looks at tracefs. */
export function runningKernel(): Environment {
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'x64',
    get btf() {
      return vmlinux();
    },
    possibleCpus: possibleCpus(),
    typedTask: !olderThan('5.11'),
    commPadded: !olderThan('6.4'),
    uprobeMulti: !olderThan('6.6'),
    isa: olderThan('6.6') ? 'v3' : 'v4',
    tracepoint: (category, name) => tracepointFormat(tracefs(), category, name),
    nearTracepoints: (name) => suggestTracepoints(tracefs())(name),
  };
}
