/** `bpfkit trace --info`: what this machine and this build can do, as bpftrace lists it. */

import { existsSync } from 'node:fs';
import { version as kernelVersion, machine, release, type } from 'node:os';
import { type FeatureName, feature, helperFeature } from '../../kernel/feature/features.ts';
import type { Answer } from '../../kernel/feature/probe.ts';
import { typedModules } from '../../kernel/module-types.ts';

const said: Readonly<Record<Answer, string>> = { yes: 'yes', no: 'no', unknown: 'could not tell' };

function line(name: string, answer: string): string {
  return `  ${name}: ${answer}`;
}

function ofFeature(name: FeatureName): string {
  return said[feature(name).answer];
}

/** By the numbers of enum bpf_func_id: include/uapi/linux/bpf.h. */
const helpers = [
  ['dpath', 147],
  ['get_tai_ns', 208],
  ['get_func_ip', 173],
  ['lookup_percpu_elem', 195],
  ['loop', 181],
] as const;

export function infoText(version: string): string {
  return [
    'System',
    line('OS', `${type()} ${release()} ${kernelVersion()}`),
    line('Arch', machine()),
    '',
    'Build',
    line('version', `bpfkit ${version}`),
    line('LLVM', 'not needed'),
    line('bfd', 'not needed'),
    line('libdw (DWARF support)', 'yes'),
    line('libsystemd (systemd notify support)', 'no'),
    line('blazesym (advanced symbolization)', 'no'),
    '',
    'Kernel helpers',
    ...helpers.map(([name, number]) => line(name, said[helperFeature(number).answer])),
    '',
    'Kernel features',
    line('Instruction limit', ofFeature('boundedLoops') === 'yes' ? '1000000' : '4096'),
    line('btf', ofFeature('kernelTypes')),
    line('module btf', existsSync('/sys/kernel/btf') && typedModules().length > 0 ? 'yes' : 'no'),
    '',
    'Probe types',
    line('kprobe', ofFeature('kprobe')),
    line('uprobe', ofFeature('uprobe')),
    line('tracepoint', ofFeature('tracepoint')),
    line('fentry', ofFeature('fentry')),
    line('kprobe_multi', ofFeature('kprobeMulti')),
    line('uprobe_multi', ofFeature('uprobeMulti')),
    line('kprobe_session', ofFeature('kprobeSession')),
    line('iter', ofFeature('iterator')),
  ].join('\n');
}
