/** Scripts whose instructions are held as text. */
export const scripts: Readonly<Record<string, string>> = {
  'hello and exit': 'begin { printf("hello %d\\n", 1); exit() }',
  'calls by comm': 'tracepoint:syscalls:sys_enter_openat { @[comm] = count() }',
  'a histogram of results': 'tracepoint:syscalls:sys_exit_read { @ = hist(args.ret) }',
  'calls by number': 'tracepoint:raw_syscalls:sys_enter { @[args.id] = count() }',
  'stacks of the kernel': 'tracepoint:sched:sched_switch { @[kstack] = count() }',
  'stacks of programs': 'profile:hz:99 { @[ustack(perf, 5)] = count() }',
  'time between two calls':
    'tracepoint:syscalls:sys_enter_read { @s[tid] = nsecs } tracepoint:syscalls:sys_exit_read /@s[tid]/ { @[comm] = hist(nsecs - @s[tid]); delete(@s, tid) }',
  'a count without a key': 'tracepoint:syscalls:sys_enter_getppid { @ = count() }',
  'the file that is opened':
    'tracepoint:syscalls:sys_enter_openat { printf("%d %s %s\\n", pid, comm, str(args.filename)) }',
  'only one process': 'tracepoint:sched:sched_process_exec { printf("%s\\n", args.filename) }',
  'several calls in one program': 'tracepoint:syscalls:sys_enter_openat*sys_enter_read { @ = count() }',
  'several tracepoints by name': 'tracepoint:sched:sched_switch*sched_process_exit { @ = count() }',
  'fields of a record': 'tracepoint:sched:sched_switch { @[args.prev_comm, args.next_pid] = count() }',
  'text of variable length': 'tracepoint:sched:sched_process_exec { @[args.filename] = count() }',
  'typed arguments': 'rawtracepoint:sched_switch { @[args.prev.comm, args.next.real_parent.tgid] = count() }',
  'a chain of pointers': 'begin { print(curtask.real_parent.real_parent.comm) }',
  'an address by its type': 'kprobe:vfs_read { print(((struct file *)arg0).f_inode.i_ino) }',
  'registers and results':
    'kprobe:vfs_read { @b[tid] = arg2 } kretprobe:vfs_read { @ = hist(retval); delete(@b, tid) }',
  'arguments of a function': 'fentry:vfs_read { @[comm] = sum(args.count); print(str(args.buf)) }',
  'the result of a function': 'fexit:vfs_read { @[args.file.f_inode.i_ino] = hist(retval) }',
  'a function of a program': 'uprobe:/bin/bash:readline { @[str(arg0)] = count() }',
  'arguments of a static tracepoint':
    'usdt:/bin/x:p { printf("%d %d %d %d %d", arg0, arg1, arg2, arg3, arg4) }',
  'an iterator prints': 'iter:task { printf("%s %d\\n", ctx.task.comm, ctx.task.pid) }',
  'bits of a field': 'begin { print(curtask.level); print(curtask.nice) }',
  'division that is watched': 'begin { $a = nsecs / rand; print($a % 7) }',
  'comparisons of text':
    'tracepoint:syscalls:sys_enter_openat /comm == "bash" && str(args.filename, 16) != "/etc"/ { @ = count() }',
  'text in text':
    'tracepoint:syscalls:sys_enter_openat { if (strcontains(str(args.filename, 63), "lib")) { @ = count() } }',
  'a tuple as key and value': 'begin { @a[1, "x"] = (2, "y"); print(@a[1, "x"].1) }',
  'choices and blocks':
    'begin { $a = rand > 5 ? { let $b = cpu; $b + 1 } : 7; if ($a == 3) { print("three") } else { print($a) } }',
  'a loop that the verifier follows':
    'begin { $i = 0; while ($i < 5) { $i++; if ($i == 3) { continue } print($i) } }',
  'a loop that is called back':
    'begin { @n = 5; $n = @n; $s = (int64)0; for ($i : 0..$n) { $s += $i; if ($s > 100) { return } } print($s) }',
  'over the entries of a map': 'begin { @m["a"] = 1; for ($kv : @m) { printf("%s %d", $kv.0, $kv.1) } }',
  'a sub-program': 'fn twice($a : int64) : int64 { return $a * 2 } begin { print(twice(cpu)) }',
  'all aggregations':
    'tracepoint:syscalls:sys_exit_read { @s = sum(args.ret); @mi = min(args.ret); @a = avg(args.ret); @l = lhist(args.ret, 0, 100, 10); @t = tseries(args.ret, 1s, 20, "max") }',
  'an average read over all CPUs':
    'tracepoint:syscalls:sys_exit_read { @a = avg(args.ret); if (@a > 10) { print(@a) } }',
  'a change of a shared value': 'begin { @a++; @b[cpu] += 5; print(@a++); @c |= 3 }',
  'looking into maps':
    'begin { @a[1] = 1; if (find(@a, 1, $v)) { print($v) } print(has_key(@a, 2)); delete(@a, 1); print(len(@a)) }',
  'an argument vector': 'tracepoint:syscalls:sys_enter_execve { join(args.argv) }',
  'effects in arguments': 'begin { printf("%d %d", @x++, @x) }',
  'arrays with an index': 'begin { $i = cpu; print(curtask.cpus[$i]); print(curtask.cpus[2]) }',
  'what a test returns': 'test:a { if (cpu == 0) { return 1 } return 2 }',
  'a watched address': 'watchpoint:0x1000:8:w { print(reg("ip")); print(usermode) }',
};

/** `-p` of the scripts that are for one process. */
export const processes: Readonly<Record<string, number>> = { 'only one process': 42 };
