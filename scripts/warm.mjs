/**
 * Runs the built library and command line once, so that their code caches exist before anybody starts them.
 * Without root, or without a kernel that can be traced, there is none then; the first real run makes it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

/** Compiles and loads what most programs use, so that the cache holds that code. */
async function warm() {
  const { chars, defineProgram, hash, ringbuf, struct, u32, u64 } = await import(join(dist, 'index.js'));
  const Event = struct('Event', { pid: u32, ppid: u32, code: u32, duration: u64, comm: chars(16) });
  const program = defineProgram({
    params: { least: u64(0) },
    maps: { started: hash(u32, u64), events: ringbuf(Event, 4096) },
    probes: {
      'rawtracepoint:sched_process_exec'(k) {
        k.started.set(k.pid, k.ktime());
      },
      'rawtracepoint:sched_process_exit'(k) {
        if (k.pid !== k.tid) return;
        const at = k.started.get(k.pid);
        const duration = at ? k.ktime() - at.value : 0;
        k.started.delete(k.pid);
        if (at && duration < k.least) return;
        const e = k.events.reserve();
        if (!e) return;
        e.pid = k.pid;
        e.ppid = k.task.real_parent.tgid;
        e.code = (k.task.exit_code >> 8) & 0xff;
        e.duration = duration;
        k.comm(e.comm);
        e.submit();
      },
    },
  });
  const loaded = await program.load({ params: { least: 1n } });
  for (const [pid, time] of loaded.started) if (pid === 0) console.log(pid, time);
  loaded.close();
}

/** Opens and loads a C object; a machine without clang has none. */
async function warmObject(path) {
  const { openObject } = await import(join(dist, 'object/index.js'));
  openObject(path).load().close();
}

/** Both in one process, soon after its start: the cache is made when the library has run for a while. */
async function warmLibrary(folder) {
  await warmObject(join(folder, 'exitsnoop.bpf.o')).catch(() => {});
  await warm().catch(() => {});
}

/** Uses what most scripts use: text, maps, a tracepoint with arguments. */
const script =
  'begin { @h = hist(5); printf("%d %s\\n", pid, comm); @[comm] = count(); exit() } ' +
  'tracepoint:syscalls:sys_enter_openat { printf("%s\\n", str(args.filename)) }';

/** What a command line is run for: its exit, or a moment of work. */
function run(words, { interrupted = false } = {}) {
  const limit = interrupted ? { timeout: 1000, killSignal: 'SIGINT' } : { timeout: 20_000 };
  spawnSync(process.execPath, words, { stdio: 'ignore', ...limit });
}

function warmAll(folder) {
  const command = join(dist, 'bpfkit.cjs');
  const source = join(root, 'examples/c/exitsnoop');
  run([command, 'build', `${source}.bpf.c`, `${source}.h`, '-o', folder]);
  run([fileURLToPath(import.meta.url), 'library', folder]);
  // Each twice: the first run compiles its kernel programs, the second is what later runs are like.
  for (const words of [
    ['tree', 'pid', '1'],
    ['dump', '/dev/null'],
    ['trace', '-e', script],
  ]) {
    run([command, ...words]);
    run([command, ...words]);
  }
  const made = join(folder, 'package.json');
  if (existsSync(made)) run([command, 'run', made], { interrupted: true });
}

if (process.argv[2] === 'library') {
  await warmLibrary(process.argv[3]);
} else if (process.geteuid?.() === 0) {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-warm-'));
  try {
    warmAll(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
