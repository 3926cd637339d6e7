import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchSection, nearSections, sectionRules } from './sections.ts';

/**
 * Every SEC name with the numbers of include/uapi/linux/bpf.h: program type, attach type (absent: none), and
 * what else it says - s: may sleep, b: loaded for a kernel type, f: XDP fragments.
 */
const expected = `
socket 1|sk_reuseport/migrate 21 40|sk_reuseport 21 39
kprobe 2|uprobe 2|uprobe.s 2 s|kretprobe 2|uretprobe 2|uretprobe.s 2 s|ksyscall 2|kretsyscall 2
kprobe.multi 2 42|kretprobe.multi 2 42|kprobe.session 2 56
uprobe.multi 2 48|uprobe.multi.s 2 48 s|uretprobe.multi 2 48|uretprobe.multi.s 2 48 s|uprobe.session 2 57|uprobe.session.s 2 57 s
usdt 2|usdt.s 2 s
tc/ingress 3 46|tc/egress 3 47|tcx/ingress 3 46|tcx/egress 3 47|tc 3|classifier 3|action 4|netkit/primary 3 54|netkit/peer 3 55
tracepoint 5|tracepoint.s 5 s|tp 5|tp.s 5 s
raw_tracepoint 17|raw_tracepoint.s 17 s|raw_tp 17|raw_tp.s 17 s|raw_tracepoint.w 24|raw_tp.w 24
tp_btf 26 23 b|tp_btf.s 26 23 bs|fentry 26 24 b|fentry.s 26 24 bs|fmod_ret 26 26 b|fmod_ret.s 26 26 bs|fexit 26 25 b|fexit.s 26 25 bs
fsession 26 58 b|fsession.s 26 58 bs|fentry.multi 26 59|fentry.multi.s 26 59 s|fexit.multi 26 60|fexit.multi.s 26 60 s
fsession.multi 26 61|fsession.multi.s 26 61 s
freplace 28 b|lsm 29 27 b|lsm.s 29 27 bs|lsm_cgroup 29 43 b|iter 26 28 b|iter.s 26 28 bs|syscall 31 s
xdp.frags/devmap 6 33 f|xdp/devmap 6 33|xdp.frags/cpumap 6 35 f|xdp/cpumap 6 35|xdp.frags 6 37 f|xdp 6 37
perf_event 7|lwt_in 10|lwt_out 11|lwt_xmit 12|lwt_seg6local 19
sockops 13 3|sk_skb/stream_parser 14 4|sk_skb/stream_verdict 14 5|sk_skb/verdict 14 38|sk_skb 14|sk_msg 16 7
lirc_mode2 20 16|flow_dissector 22 17
cgroup_skb/ingress 8 0|cgroup_skb/egress 8 1|cgroup/skb 8
cgroup/sock_create 9 2|cgroup/sock_release 9 34|cgroup/sock 9 2|cgroup/post_bind4 9 12|cgroup/post_bind6 9 13
cgroup/bind4 18 8|cgroup/bind6 18 9|cgroup/connect4 18 10|cgroup/connect6 18 11|cgroup/connect_unix 18 49
cgroup/sendmsg4 18 14|cgroup/sendmsg6 18 15|cgroup/sendmsg_unix 18 50|cgroup/recvmsg4 18 19|cgroup/recvmsg6 18 20|cgroup/recvmsg_unix 18 51
cgroup/getpeername4 18 29|cgroup/getpeername6 18 30|cgroup/getpeername_unix 18 52
cgroup/getsockname4 18 31|cgroup/getsockname6 18 32|cgroup/getsockname_unix 18 53
cgroup/sysctl 23 18|cgroup/getsockopt 25 21|cgroup/setsockopt 25 22|cgroup/dev 15 6
struct_ops 27|struct_ops.s 27 s|sk_lookup 30 36|netfilter 32 45`
  .trim()
  .split(/[|\n]/)
  .map((entry) => {
    const [name = '', type, ...rest] = entry.split(' ');
    const attachType = rest.find((word) => /^\d+$/.test(word));
    return { name, type: Number(type), attachType, flags: rest.find((word) => /^[bsf]+$/.test(word)) ?? '' };
  });

test('every SEC name has its program type, attach type and flags', () => {
  for (const { name, type, attachType, flags } of expected) {
    const match = matchSection(name, { strict: true });
    assert.ok(match, name);
    const { rule } = match;
    assert.equal(rule.type, type, name);
    assert.equal(rule.attachType, attachType === undefined ? undefined : Number(attachType), name);
    assert.equal(rule.sleepable === true, flags.includes('s'), `${name} sleeps`);
    assert.equal(rule.target !== undefined, flags.includes('b'), `${name} is loaded for a type`);
    assert.equal(rule.fragments === true, flags.includes('f'), `${name} takes fragments`);
  }
});

test('the test knows every row of the table', () => {
  const names = new Set(expected.map(({ name }) => name));
  const missing = sectionRules
    .map(({ pattern }) => pattern.replace(/\+$/, ''))
    .filter((name) => !names.has(name));
  assert.deepEqual(missing, []);
});

test('what stands behind the name is the target', () => {
  assert.equal(matchSection('kprobe/do_unlinkat+0x10')?.target, 'do_unlinkat+0x10');
  assert.equal(matchSection('uprobe.s//usr/bin/bash:readline')?.target, '/usr/bin/bash:readline');
  assert.equal(matchSection('tp/sched/sched_switch')?.target, 'sched/sched_switch');
  assert.equal(matchSection('fentry')?.target, '');
});

test('longer names are not taken for shorter ones', () => {
  assert.equal(matchSection('kprobe.multi/tcp_*')?.rule.attach, 'kprobeMulti');
  assert.equal(matchSection('xdp.frags/devmap')?.rule.attachType, 33);
  assert.equal(matchSection('tp_btf/sched_switch')?.rule.attach, 'tracing');
  assert.equal(matchSection('sk_reuseport/migrate')?.rule.attachType, 40);
  assert.equal(matchSection('kprobex'), undefined);
});

test('a name behind an exact one is accepted, unless libbpf is to be followed', () => {
  assert.equal(matchSection('socket/mine')?.rule.type, 1);
  assert.equal(matchSection('cgroup/connect4/mine')?.rule.attachType, 10, 'the longest name counts');
  assert.equal(matchSection('socket/mine', { strict: true }), undefined);
});

test('near names are offered with what stood behind them', () => {
  assert.equal(nearSections('kprob/do_unlinkat')[0], 'kprobe/do_unlinkat');
  assert.ok(nearSections('cgroup/conect4').includes('cgroup/connect4'));
  assert.deepEqual(nearSections('nothing_of_the_kind'), []);
});
