/** Programs that are asked for by execve(2), found or not: who asks, whose child, the file and the words. */
import { array, chars, defineProgram, ringbuf, struct, u32 } from 'bpfkit';

const MAX_WORDS = 16;
const Exec = struct('Exec', {
  pid: u32,
  ppid: u32,
  uid: u32,
  count: u32,
  comm: chars(16),
  file: chars(64),
  words: array(chars(64), MAX_WORDS),
});

const execs = defineProgram({
  maps: { events: ringbuf(Exec) },
  probes: {
    'tracepoint:syscalls:sys_enter_execve'(k) {
      const e = k.events.reserve();
      if (!e) return;
      e.pid = k.pid;
      e.ppid = k.task.real_parent.tgid;
      e.uid = k.uid;
      k.comm(e.comm); // still the name of the caller
      k.userStr(k.args.filename, e.file);
      for (let i = 0; i < e.words.length; i++) {
        const word = k.peekUser(k.args.argv + i * 8); // argv[i], in the memory of the process
        if (!word) break;
        k.userStr(word, e.words[i]);
        e.count = i + 1;
      }
      e.submit();
    },
  },
});

const loaded = await execs.load();
console.error('Tracing execve(2). Ctrl-C ends.');
for await (const { pid, ppid, uid, comm, file, count, words } of loaded.events) {
  const more = count === MAX_WORDS ? ' ...' : '';
  console.log(`${pid}\t${ppid}\t${uid}\t${comm}\t${file}\t${words.slice(0, count).join(' ')}${more}`);
}
