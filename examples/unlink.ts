/**
 * Files that are unlinked, and what came of it: `unlink.ts kprobe` or `unlink.ts fentry`.
 * Beside it: c/kprobe-link.bpf.c and c/fentry-link.bpf.c. Needs a kernel with kprobes.
 */
import { chars, defineProgram, i64, ringbuf, struct, u32 } from 'bpfkit';

const Entry = struct('Entry', { pid: u32, file: chars(128) });
const Exit = struct('Exit', { pid: u32, result: i64 });
const maps = { entries: ringbuf(Entry), exits: ringbuf(Exit) };

const byProbes = defineProgram({
  maps,
  probes: {
    'kprobe:do_unlinkat'(k) {
      const e = k.entries.reserve();
      if (!e) return;
      e.pid = k.pid;
      k.str(k.cast(k.arg(1), 'filename').name, e.file);
      e.submit();
    },
    'kretprobe:do_unlinkat'(k) {
      k.exits.emit({ pid: k.pid, result: k.ret });
    },
  },
});

const byTrampolines = defineProgram({
  maps,
  probes: {
    'fentry:do_unlinkat'(k) {
      const e = k.entries.reserve();
      if (!e) return;
      e.pid = k.pid;
      k.str(k.args.name.name, e.file);
      e.submit();
    },
    'fexit:do_unlinkat'(k) {
      k.exits.emit({ pid: k.pid, result: k.ret });
    },
  },
});

const loaded = await (process.argv[2] === 'fentry' ? byTrampolines : byProbes).load();
async function entries(): Promise<void> {
  for await (const { pid, file } of loaded.entries) console.log(`pid = ${pid}, filename = ${file}`);
}
async function exits(): Promise<void> {
  for await (const { pid, result } of loaded.exits) console.log(`pid = ${pid}, ret = ${result}`);
}
await Promise.all([entries(), exits()]);
