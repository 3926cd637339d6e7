import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFile, type PlainFile, readFileRecords } from './record.ts';
import { internetAddress, Sockets } from './socket.ts';

const sockets = (file: PlainFile): Sockets => new Sockets(readFileRecords(encodeFile(file)));
const v6 = (hex: string): Uint8Array => Buffer.from(hex.padEnd(32, '0'), 'hex');

test('addresses are written in their shortest form', () => {
  assert.equal(internetAddress(Uint8Array.of(10, 0, 0, 255)), '10.0.0.255');
  assert.equal(internetAddress(new Uint8Array(16)), '::');
  assert.equal(internetAddress(v6('00000000000000000000000000000001')), '::1');
  assert.equal(internetAddress(v6('20010db8')), '2001:db8::');
  assert.equal(internetAddress(v6('20010db8000000000001000000000001')), '2001:db8::1:0:0:1');
  assert.equal(internetAddress(v6('20010000000100020003000400050006')), '2001:0:1:2:3:4:5:6');
  assert.equal(internetAddress(v6('00000000000000000000ffff7f000001')), '::ffff:127.0.0.1');
});

test('every address of 16 bytes is one that others read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(255), (bytes, zeros) => {
      for (let i = 0; i < 8; i++) if ((zeros >> i) & 1) bytes.fill(0, 2 * i, 2 * i + 2);
      const text = internetAddress(bytes);
      assert.ok(isIPv6(text), text);
      // The platform's own shortest form is the same; dotted tails are ours to choose.
      if (!text.includes('.')) assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
    }),
  );
});

test('a TCP connection has two ends and a state', () => {
  const file = {
    ...{ family: 2, socketType: 1, protocol: 6, socketState: 1, localPort: 22, remotePort: 51742 },
    ...{ localAddress: Uint8Array.of(127, 0, 0, 1), remoteAddress: Uint8Array.of(10, 0, 0, 9) },
  };
  assert.equal(sockets(file).text(0), 'tcp 127.0.0.1:22 -> 10.0.0.9:51742 ESTABLISHED');
  assert.deepEqual(Object.fromEntries(sockets(file).json(0)), {
    ...{ family: 'inet', type: 'stream', protocol: 'tcp', state: 'established' },
    ...{ local_address: '127.0.0.1', local_port: 22, remote_address: '10.0.0.9', remote_port: 51742 },
  });
});

test('a listener has one end', () => {
  const file = {
    ...{ family: 10, socketType: 1, protocol: 6, socketState: 10, localPort: 80 },
    localAddress: new Uint8Array(16),
  };
  assert.equal(sockets(file).text(0), 'tcp [::]:80 LISTEN');
  assert.deepEqual(Object.fromEntries(sockets(file).json(0)), {
    ...{ family: 'inet6', type: 'stream', protocol: 'tcp', state: 'listen' },
    ...{ local_address: '::', local_port: 80 },
  });
});

test('a UDP socket has no state to speak of', () => {
  const file = { family: 2, socketType: 2, protocol: 17, socketState: 7, localPort: 53 };
  assert.equal(sockets({ ...file, localAddress: new Uint8Array(4) }).text(0), 'udp 0.0.0.0:53');
});

test('a local socket is named by its path, which ends at its zero', () => {
  const file = {
    ...{ family: 1, socketType: 1, socketState: 10, peer: 0n },
    localAddress: Buffer.from('/run/x.sock\0stale'),
  };
  assert.equal(sockets(file).text(0), 'unix stream /run/x.sock LISTEN');
  assert.equal(sockets(file).json(0).get('local_address'), '/run/x.sock');
});

test('an abstract name is told from a path, and is exact in JSON', () => {
  const file = {
    ...{ family: 1, socketType: 5, socketState: 1, peer: 2n ** 53n + 1n },
    remoteAddress: Buffer.from('\0a\0\x1b[2J'),
  };
  assert.equal(sockets(file).text(0), 'unix seqpacket -> @a\\x00\\x1b[2J ESTABLISHED peer 9007199254740993');
  const json = sockets(file).json(0);
  assert.equal(json.get('remote_address'), '\0a\0\x1b[2J');
  assert.equal(json.get('peer_ino'), 9007199254740993n);
});

test('netlink sockets have a protocol and port ids', () => {
  const file = { family: 16, socketType: 3, protocol: 0, localPort: 4_000_000_000 };
  assert.equal(sockets(file).text(0), 'netlink route 4000000000');
});

test('raw sockets have addresses and no ports', () => {
  const file = { family: 2, socketType: 3, protocol: 1, socketState: 7, localAddress: new Uint8Array(4) };
  assert.equal(sockets(file).text(0), 'raw icmp 0.0.0.0');
  assert.deepEqual(Object.fromEntries(sockets(file).json(0)), {
    ...{ family: 'inet', type: 'raw', protocol: 'icmp', state: 'close', local_address: '0.0.0.0' },
  });
});

test('families and protocols without a name are shown as numbers', () => {
  assert.equal(sockets({ family: 99, socketType: 77 }).text(0), '99 77');
  assert.equal(sockets({ family: 2, socketType: 3, protocol: 200 }).text(0), 'raw 200');
});
