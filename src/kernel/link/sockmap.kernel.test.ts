import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CountingProgram } from '../../../test/support/counting-program.ts';
import { enterNewNetwork } from '../../../test/support/network.ts';
import { waitUntil } from '../../../test/support/wait.ts';
import * as asm from '../../asm/build.ts';
import type { Fd } from '../../sys/fd.ts';
import {
  acceptFrom,
  bindSocket,
  connectSocket,
  Family,
  inetAddress,
  listenOn,
  localPort,
  Message,
  openSocket,
  receiveInto,
  SocketType,
  sendBytes,
  socketCookie,
} from '../../sys/socket.ts';
import { sysTry } from '../../sys/syscall.ts';
import { olderThan } from '../feature/release.ts';
import { createMap } from '../map/create.ts';
import type { DescriptorMap } from '../map/descriptors.ts';
import { handleOf } from '../map/handle.ts';
import { AttachType, MapType, ProgramType } from '../spec.ts';
import { AttachError } from './errors.ts';
import { sockmapPrograms } from './query.ts';
import { attachSockmap } from './sockmap.ts';

enterNewNetwork();

function sockmap(t: TestContext): DescriptorMap<number> {
  const { fd, shape } = createMap({
    name: 'socks',
    type: MapType.sockmap,
    keySize: 4,
    valueSize: 8,
    maxEntries: 4,
  });
  const map = handleOf(fd, shape) as DescriptorMap<number>;
  t.after(() => map.close());
  return map;
}

function connected(t: TestContext): { readonly client: Fd; readonly peer: Fd } {
  const [server, client] = [
    openSocket(Family.ipv4, SocketType.stream),
    openSocket(Family.ipv4, SocketType.stream),
  ];
  bindSocket(server.number, inetAddress('127.0.0.1', 0));
  listenOn(server.number);
  connectSocket(client.number, inetAddress('127.0.0.1', localPort(server.number)));
  const peer = acceptFrom(server.number);
  server.close();
  t.after(() => {
    client.close();
    peer.close();
  });
  return { client, peer };
}

function waiting(socket: Fd): string | undefined {
  const into = new Uint8Array(64);
  const length = sysTry('recvfrom', socket.number, into, into.length, Message.dontWait);
  return length < 0 ? undefined : Buffer.from(into.subarray(0, length)).toString();
}

for (const legacy of [false, true]) {
  test(`a verdict on what is sent fires ${legacy ? 'without' : 'by'} a link`, (t) => {
    const map = sockmap(t);
    using program = new CountingProgram(ProgramType.skMsg, {
      returns: 1,
      attachType: AttachType.skMsgVerdict,
    });
    using other = new CountingProgram(ProgramType.skMsg, { returns: 1, attachType: AttachType.skMsgVerdict });
    const link = attachSockmap(program.program, map, { role: 'message', legacy });
    const { client, peer } = connected(t);
    map.set(0, client);
    assert.equal(map.getCookie(0), socketCookie(client.number));
    assert.deepEqual([...map.keys()], [0]);
    sendBytes(client.number, Buffer.from('hello'));
    assert.equal(receiveInto(peer.number, new Uint8Array(16)), 5);
    assert.equal(program.runs, 1);
    if (!olderThan('5.15')) {
      const { programs } = sockmapPrograms(map, AttachType.skMsgVerdict);
      assert.deepEqual(
        programs.map(({ programId }) => programId),
        [program.program.info().id],
      );
    }
    if (link.isLink) {
      const { id: _, programId: __, ...rest } = link.describe();
      assert.deepEqual(rest, { type: 'sockmap', mapId: map.info().id, attachType: AttachType.skMsgVerdict });
      assert.throws(
        () => attachSockmap(other.program, map, { role: 'message' }),
        (error: unknown) =>
          error instanceof AttachError &&
          error.code === 'inUse' &&
          /held by program \d+ "counting"/.test(error.message),
      );
    }
    link.close();
    assert.equal(map.delete(0), true);
  });
}

test('a message program that drops has its way', (t) => {
  const map = sockmap(t);
  using program = new CountingProgram(ProgramType.skMsg, { returns: 0, attachType: AttachType.skMsgVerdict });
  const link = attachSockmap(program.program, map, { role: 'message' });
  const { client } = connected(t);
  map.set(1, client);
  assert.ok(sysTry('sendto', client.number, Buffer.from('x'), 1, 0, 0, 0) < 0);
  link.close();
});

test('a verdict on what is received sends it elsewhere', async (t) => {
  const map = sockmap(t);
  // return bpf_sk_redirect_map(skb, &socks, 1, BPF_F_INGRESS): what A receives is B's to read.
  using program = new CountingProgram(ProgramType.skSkb, {
    attachType: AttachType.skSkbVerdict,
    maps: { socks: map },
    body: [
      asm.mov64(1, 6),
      asm.ldMap(2, 'socks'),
      asm.mov64Imm(3, 1),
      asm.mov64Imm(4, 1),
      asm.callHelper(52),
    ],
  });
  const link = attachSockmap(program.program, map, { role: 'verdict' });
  const [a, b] = [connected(t), connected(t)];
  map.set(0, a.peer);
  map.set(1, b.peer);
  sendBytes(a.client.number, Buffer.from('over there'));
  assert.equal(await waitUntil('the redirected bytes', () => waiting(b.peer)), 'over there');
  assert.ok(program.runs >= 1);
  link.close();
});

test('a parser and a verdict behind it fire', async (t) => {
  const map = sockmap(t);
  // The parser answers how long the message is: all of it.
  using parser = new CountingProgram(ProgramType.skSkb, {
    attachType: AttachType.skSkbStreamParser,
    body: [asm.load(4, 0, 6, 0)],
  });
  using verdict = new CountingProgram(ProgramType.skSkb, {
    attachType: AttachType.skSkbStreamVerdict,
    returns: 1,
  });
  const links = [
    attachSockmap(parser.program, map, { role: 'parser' }),
    attachSockmap(verdict.program, map, { role: 'streamVerdict' }),
  ];
  const { client, peer } = connected(t);
  map.set(0, peer);
  sendBytes(client.number, Buffer.from('parsed'));
  assert.equal(await waitUntil('the parsed bytes', () => waiting(peer)), 'parsed');
  assert.ok(parser.runs >= 1 && verdict.runs >= 1);
  for (const link of links) link.close();
});
