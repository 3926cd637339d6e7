/**
 * How long connections take to open: from connect(2) to the answer. Beside it: c/tcpconnlat.bpf.c, which needs fentry;
 * here the change of the socket's state tells both ends, on any kernel with the tracepoint.
 */
import { array, chars, defineProgram, hash, ringbuf, struct, u8, u16, u32, u64 } from 'bpfkit';

const Begun = struct('Begun', { at: u64, pid: u32, comm: chars(16) });
const Opened = struct('Opened', { took: u64, pid: u32, comm: chars(16), remote: array(u8, 4), port: u16 });

const connections = defineProgram({
  maps: { begun: hash(u64, Begun), events: ringbuf(Opened) },
  probes: {
    'tracepoint:sock:inet_sock_set_state'(k) {
      const { args } = k;
      if (args.protocol !== 6) return; // IPPROTO_TCP
      const socket = args.skaddr;
      if (args.newstate === 2) k.begun.set(socket, { at: k.ktime(), pid: k.pid, comm: k.comm() }); // SYN_SENT
      if (args.oldstate !== 2) return;
      const begun = k.begun.get(socket);
      if (!begun) return;
      if (args.newstate === 1) {
        const e = k.events.reserve();
        if (!e) return;
        e.took = k.ktime() - begun.at;
        e.pid = begun.pid;
        e.comm = begun.comm;
        e.port = args.dport;
        for (let i = 0; i < 4; i++) e.remote[i] = args.daddr[i];
        e.submit();
      }
      k.begun.delete(socket);
    },
  },
});

const loaded = await connections.load();
console.log('PID    COMM         DADDR            DPORT LAT(ms)');
for await (const { pid, comm, remote, port, took } of loaded.events) {
  const name = `${String(pid).padEnd(6)} ${String(comm).padEnd(12)}`;
  console.log(
    `${name} ${remote.join('.').padEnd(16)} ${String(port).padEnd(5)} ${(Number(took) / 1e6).toFixed(2)}`,
  );
}
