/** The verifier accepts what scripts become: every built-in, every kind of probe. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadCollection } from '../../kernel/collection.ts';
import { runningKernel } from '../../script/running.ts';
import { builtins } from '../builtin/table.ts';
import { lowerText } from './testing.ts';

const kernel = runningKernel();

/** Loads all programs of a script and takes them out again. */
function load(text: string): void {
  const { spec } = lowerText(text, kernel, { ringBytes: 1 << 16 });
  loadCollection(spec).close();
}

const hasFunction = (name: string): boolean => kernel.btf.find(name, 'function') !== undefined;

/** What this kernel lacks; undefined if it has all. */
function lacking(text: string): string | undefined {
  if (/\bf(entry|exit):/.test(text) && !tracesFunctions()) return 'fentry';
  if (/comm\(\d/.test(text) && !hasFunction('bpf_task_from_pid')) return 'kfuncs';
  return undefined;
}

let functions: boolean | undefined;

function tracesFunctions(): boolean {
  functions ??= (() => {
    try {
      load('fentry:vfs_read { $a = 1; }');
      return true;
    } catch {
      return false;
    }
  })();
  return functions;
}

function check(t: TestContext, text: string): void {
  const missing = lacking(text);
  if (missing !== undefined) return t.skip(`needs ${missing}`);
  load(text);
}

const scripts: readonly (readonly [title: string, text: string])[] = [
  [
    'begin and end',
    'begin { printf("hello %d\\n", 1); exit() } end { print(1) } self:signal:SIGUSR1 { print(2) }',
  ],
  ['a system call by comm', 'tracepoint:syscalls:sys_enter_openat { @[comm] = count() }'],
  [
    'several system calls',
    'tracepoint:syscalls:sys_enter_openat*sys_enter_read*sys_enter_write { @ = count() }',
  ],
  [
    'arguments of a call',
    'tracepoint:syscalls:sys_enter_openat { printf("%s %d\\n", str(args.filename), args.flags) }',
  ],
  [
    'all arguments',
    'tracepoint:syscalls:sys_enter_openat { print(args) } tracepoint:sched:sched_switch { print(args) }',
  ],
  ['the result of a call', 'tracepoint:syscalls:sys_exit_read /args.ret > 0/ { @ = hist(args.ret) }'],
  [
    'raw calls',
    'tracepoint:raw_syscalls:sys_enter { @[args.id] = count(); $i = args.id % 6; print(args.args[$i]) }',
  ],
  [
    'latency',
    'tracepoint:syscalls:sys_enter_read { @s[tid] = nsecs } tracepoint:syscalls:sys_exit_read /@s[tid]/ { @[comm] = hist(nsecs - @s[tid]); delete(@s, tid) }',
  ],
  ['a tracepoint without arguments', 'tracepoint:sched:sched_switch { @[kstack, ustack] = count() }'],
  ['several tracepoints', 'tracepoint:sched:sched_switch*sched_wakeup { @ = count() }'],
  ['fields of a record', 'tracepoint:sched:sched_switch { @[args.prev_comm, args.next_pid] = count() }'],
  [
    'text of variable length',
    'tracepoint:sched:sched_process_exec { @[args.filename] = count(); print(args.filename) }',
  ],
  [
    'a raw tracepoint',
    'rawtracepoint:sched_switch { @[args.prev.comm] = sum(args.next.pid); print(arg0); print(args) }',
  ],
  ['raw tracepoints', 'rawtracepoint:sched_switch*sched_wakeup { @[arg0] = count() }'],
  ['join', 'tracepoint:syscalls:sys_enter_execve { join(args.argv); join(args.argv, ",") }'],
  [
    'text of user space as key',
    'tracepoint:syscalls:sys_enter_openat { @[str(args.filename)] = count(); $s = str(args.filename); if (strcontains($s, "lib")) { @l = strlen($s); print(str_concat($s, $s)) } }',
  ],
  [
    'a kprobe',
    'kprobe:vfs_read { @[func, comm] = count(); print(((struct file *)arg0).f_inode.i_ino); print(str(arg1)); print(reg("ip")); print(usermode); signal("USR1"); signal_thread(10) }',
  ],
  ['a kretprobe', 'kretprobe:vfs_read { @ = hist(retval); print(func) }'],
  ['kprobes', 'kprobe:vfs_read*vfs_write { @[func] = count() }'],
  [
    'a uprobe',
    'uprobe:/bin/bash:readline { print(str(arg0)); print(ustack); print(usym(arg0)); print(*uaddr("x")); print(func); @ = count() }',
  ],
  ['a uretprobe', 'uretprobe:/bin/bash:readline { print(str(retval)); print(func) }'],
  ['usdt', 'usdt:/bin/x:p { print((arg0, arg1, arg2, arg3, arg4)) }'],
  [
    'samples',
    'profile:hz:99 { @[kstack, ustack(perf, 5)] = count() } interval:s:1 { print(@); clear(@); zero(@) }',
  ],
  [
    'counters',
    'software:cpu-clock: { @ = count() } hardware:cpu-cycles: { @ = count() } watchpoint:0x100:8:w { @ = count() }',
  ],
  [
    'an iterator',
    'iter:task { printf("%s %d\\n", ctx.task.comm, ctx.task.pid); @[ctx.task.comm] = count() }',
  ],
  [
    'an iterator of files',
    'iter:task_file { printf("%s %d %s\\n", ctx.task.comm, ctx.fd, path(ctx.file.f_path)) }',
  ],
  [
    'entry of a function',
    'fentry:vfs_read { print(args.file.f_inode.i_ino); print(args.count); print(str(args.buf)); print(func); @[kstack] = count() }',
  ],
  ['exit of a function', 'fexit:vfs_read { @ = hist(retval); print(args.count); print(func) }'],
  ['paths', 'fentry:filp_close { print(path(args.filp.f_path)); print(path(args.filp.f_path, 20)) }'],
  ['a task by its pid', 'rawtracepoint:sched_switch { print(comm(1)) }'],
  ['a test and a benchmark', 'test:a { return 1 } bench:b { $a = 1; @[$a] = count() }'],
  [
    'numbers of the task',
    'begin { print((pid, tid, uid, gid, cgroup, cpid, ppid, leader_tid, pid(init), tid(curr_ns))); print((username, comm, pcomm, leader_comm, comm(curtask), ppid(curtask))); print(cgroup_path(cgroup)) }',
  ],
  [
    'numbers of the machine',
    'begin { print((cpu, ncpus, numaid, rand, jiffies, elapsed)); print((nsecs, nsecs(boot), nsecs(monotonic), nsecs(tai), nsecs(sw_tai))); print(strftime("%H", nsecs)); time(); time("%S") }',
  ],
  [
    'stacks',
    'rawtracepoint:sched_switch { @[kstack(3)] = count(); @u = ustack(raw, 5); print(kstack(perf)); print(len(kstack)); print(len(ustack(4))); @b[ustack(build_id)] = count() }',
  ],
  [
    'text',
    'begin { $s = "abc"; print(strstr($s, "b")); print(strncmp($s, comm, 4)); print(strncmp(comm, "node", 4)); print(str($s, 2)) }',
  ],
  [
    'memory',
    'begin { print(buf("abc", 2)); print(bswap((uint16)1)); print(memcmp(comm, "abc", 3)); print(kptr(curtask).pid); print(container_of(curtask.real_parent, typeof(struct task_struct), group_leader).pid); print(uptr((uint64)1)); print(is_err(curtask)) }',
  ],
  ['networks', 'begin { print((ntop(1), ntop(2, 1), ntop(pton("1.2.3.4")), macaddr((uint8[6])"abcdef"))) }'],
  [
    'names',
    'begin { print((strerror(1), signal_name(2), syscall_name(3), ksym(4), usym(5))); print(percpu_kaddr("runqueues")); print(percpu_kaddr("runqueues", 1)); print(kaddr("jiffies")) }',
  ],
  [
    'sockets',
    'fentry:tcp_sendmsg { print(socket_cookie(args.sk)); print(args.sk.__sk_common.skc_daddr); print(ntop(args.sk.__sk_common.skc_daddr)) }',
  ],
  ['packets', 'fentry:consume_skb { skboutput("x.pcap", args.skb, 100, 0); print(args.skb.len) }'],
  [
    'all the rest',
    'begin { @m[1] = 2; print(len(@m)); print(@m, 3); print(@m, 3, 2); errorf("%d", 1); warnf("%s", comm); debugf("%d", 1); cat("/proc/%d/stat", pid); system("echo %s", comm); unwatch(5); assert(pid > 0, "x"); print(has_key(@m, 1)); if (find(@m, 1, $v)) { print($v) } delete(@m, 1); exit(1) }',
  ],
  [
    'aggregations',
    'tracepoint:syscalls:sys_exit_read { @c = count(); @s = sum(args.ret); @mi = min(args.ret); @ma = max(args.ret); @a = avg(args.ret); @st[comm] = stats(args.ret); @h[comm] = hist(args.ret, 3); @l = lhist(args.ret, 0, 1000, 10); @t = tseries(args.ret, 1s, 20, "max"); if (@a > 5 && @c < 10) { print(@mi + @ma) } }',
  ],
  [
    'long text',
    'begin { $a = "x"; for ($i : 0..200) { $a = str_concat($a, "y") } @[$a] = count(); print($a) }',
  ],
];

for (const [title, text] of scripts) test(`loads: ${title}`, (t) => check(t, text));

test('override of a result loads, or the kernel says that it was built without the helper', () => {
  try {
    load('kprobe:vfs_read { override(1) }');
  } catch (error) {
    // Without CONFIG_BPF_KPROBE_OVERRIDE, as distribution kernels are, there is no such helper: nothing else may be wrong.
    assert.match((error as Error).message, /bpf_override_return/);
  }
});

test('writing to the task', (t) => {
  try {
    check(t, 'uprobe:/bin/bash:readline { write_user(arg0, "abc", 4) }');
  } catch (error) {
    // Lockdown forbids the helper.
    assert.match((error as Error).message, /probe_write_user/);
    t.skip('needs bpf_probe_write_user');
  }
});

test('no built-in is forgotten here', () => {
  const text = scripts.map(([, script]) => script).join('\n');
  const elsewhere = new Set(['override', 'write_user', 'dw_ustack', 'args']);
  const left = builtins
    .filter(
      ({ name, compileTime }) =>
        !compileTime && !elsewhere.has(name) && !new RegExp(`\\b${name}\\b`).test(text),
    )
    .map(({ name }) => name);
  assert.deepEqual(left, []);
});
