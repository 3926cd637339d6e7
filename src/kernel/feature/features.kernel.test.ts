import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withFakeSys } from '../../sys/syscall.ts';
import { MapType, ProgramType } from '../spec.ts';
import { vmlinux } from '../vmlinux.ts';
import {
  type FeatureName,
  feature,
  featureNames,
  featureSince,
  helperFeature,
  lacking,
  mapTypeFeature,
  programTypeFeature,
} from './features.ts';
import { helperSince } from './helpers.ts';
import { kernelFunctionReleases, kernelFunctionSince } from './kfuncs.ts';
import { privileges } from './privilege.ts';
import { probeHelper } from './probe.ts';
import { olderThan } from './release.ts';

/** What a kernel of any age may be built or booted without. */
const mayBeOff: ReadonlySet<FeatureName> = new Set<FeatureName>([
  'kernelTypes',
  'kprobe',
  'uprobe',
  'kprobeMulti',
  'kprobeSession',
  'fentry',
  'lsm',
  'cgroup2',
]);

test('a kernel has what its version promises, and what it lacks is said with a reason', (t) => {
  if (privileges().missing.length > 0) return t.skip('needs CAP_BPF and CAP_PERFMON');
  for (const name of featureNames) {
    const { answer } = feature(name);
    t.diagnostic(`${name}: ${answer}`);
    const sentence = lacking(name);
    if (answer === 'yes') assert.match(sentence, /has/);
    else if (answer === 'unknown') assert.match(sentence, /cannot be told/);
    else if (olderThan(featureSince(name))) assert.match(sentence, /brought them/);
    else assert.ok(mayBeOff.has(name), sentence);
  }
});

test('nothing older than its release has a feature', (t) => {
  for (const name of featureNames) {
    // Accounting is told by a helper of the same release.
    if (feature(name).answer === 'yes' && olderThan(featureSince(name))) {
      t.diagnostic(`${name} was carried back into this kernel`);
    }
  }
});

test('the types of maps and programs that every kernel since 5.8 has are found', (t) => {
  if (privileges().missing.length > 0) return t.skip('needs CAP_BPF and CAP_PERFMON');
  if (olderThan('5.8')) return t.skip('needs Linux 5.8');
  const maps = [
    'hash',
    'array',
    'perCpuHash',
    'perCpuArray',
    'stackTrace',
    'lpmTrie',
    'lruHash',
    'queue',
  ] as const;
  for (const name of [...maps, 'arrayOfMaps', 'hashOfMaps', 'ringBuffer'] as const) {
    assert.equal(mapTypeFeature(MapType[name]).answer, 'yes', name);
  }
  for (const name of ['socketFilter', 'kprobe', 'tracepoint', 'perfEvent', 'rawTracepoint'] as const) {
    assert.equal(programTypeFeature(ProgramType[name]).answer, 'yes', name);
  }
  assert.equal(mapTypeFeature(9999).answer, 'no');
  assert.equal(programTypeFeature(9999).answer, 'no');
});

test('helpers are there exactly if the release that brought them is', (t) => {
  if (privileges().missing.length > 0) return t.skip('needs CAP_BPF and CAP_PERFMON');
  // Of tracing programs; one for each of the later releases.
  for (const id of [4, 14, 67, 109, 113, 130, 141, 148, 153, 164, 165, 177, 181, 191, 203, 208, 210]) {
    const since = helperSince(id) ?? '99.0';
    const { answer } = helperFeature(id);
    if (!olderThan(since)) assert.equal(answer, 'yes', `helper ${id} of ${since}`);
  }
  assert.equal(helperFeature(9999).answer, 'no');
});

test('functions that programs may call are not there before the release that is said to have brought them', (t) => {
  if (feature('kernelTypes').answer !== 'yes')
    return t.skip('needs kernelTypes: the kernel does not show them');
  const types = vmlinux();
  for (const [name, since] of kernelFunctionReleases()) {
    if (olderThan(since)) assert.equal(types.find(name, 'function'), undefined, `${name} of ${since}`);
  }
  // Of what is built into every kernel with BPF.
  for (const name of [
    'bpf_rcu_read_lock',
    'bpf_cpumask_create',
    'bpf_iter_num_new',
    'bpf_throw',
    'bpf_wq_init',
  ]) {
    const since = kernelFunctionSince(name) ?? '99.0';
    if (!olderThan(since)) assert.notEqual(types.find(name, 'function'), undefined, `${name} of ${since}`);
  }
});

test('an answer that could not be had is not remembered', () => {
  const before = helperFeature(2).answer;
  assert.notEqual(before, 'unknown');
  const finding = withFakeSys(
    (call, real) => (call.bpf?.command === 'programLoad' ? -12 : real()),
    () => helperFeature(3, ProgramType.kprobe),
  );
  assert.equal(finding.answer, 'unknown');
  assert.equal(helperFeature(3, ProgramType.kprobe).answer, probeHelper(3, ProgramType.kprobe).answer);
});
