/** Every change of a TCP socket's state, with the time in the old one. Beside it: c/tcpstates.bpf.c. */
import { array, chars, defineProgram, hash, i32, ringbuf, struct, u8, u16, u32, u64 } from 'bpfkit';

const Change = struct('Change', {
  socket: u64,
  spent: u64,
  pid: u32,
  from: i32,
  to: i32,
  family: u16,
  localPort: u16,
  remotePort: u16,
  comm: chars(16),
  local: array(u8, 4),
  remote: array(u8, 4),
});

const states = defineProgram({
  maps: { since: hash(u64, u64), events: ringbuf(Change) },
  probes: {
    'tracepoint:sock:inet_sock_set_state'(k) {
      const { args } = k;
      if (args.protocol !== 6) return; // IPPROTO_TCP
      const socket = args.skaddr;
      const now = k.ktime();
      const before = k.since.get(socket);
      const e = k.events.reserve();
      if (e) {
        e.socket = socket;
        e.spent = before ? now - before.value : 0;
        e.pid = k.pid;
        e.from = args.oldstate;
        e.to = args.newstate;
        e.family = args.family;
        e.localPort = args.sport;
        e.remotePort = args.dport;
        k.comm(e.comm);
        for (let i = 0; i < 4; i++) {
          e.local[i] = args.saddr[i];
          e.remote[i] = args.daddr[i];
        }
        e.submit();
      }
      if (args.newstate === 7)
        k.since.delete(socket); // TCP_CLOSE
      else k.since.set(socket, now);
    },
  },
});

// include/net/tcp_states.h
const names = ['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE'];
names.push('CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV');
const loaded = await states.load();
for await (const e of loaded.events) {
  const address = (bytes: readonly number[], port: number): string => `${bytes.join('.')}:${port}`;
  const ends = `${address(e.local, e.localPort)} ${address(e.remote, e.remotePort)}`;
  const change = `${names[e.from] ?? e.from} -> ${names[e.to] ?? e.to}`;
  console.log(`${e.socket.toString(16)} ${e.pid} ${e.comm} ${ends} ${change} ${Number(e.spent) / 1e6} ms`);
}
