import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SysError } from './errors.ts';
import { ask, attribute, attributesIn, concat, nested, number32, textOf, word16 } from './netlink.ts';
import { addressBytes, inetAddress } from './socket.ts';
import { type FakeSys, withFakeSys } from './syscall.ts';

test('attributes are read as they were written', () => {
  const value = fc.uint8Array({ maxLength: 40 });
  const entries = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 0x3fff }), value), {
    selector: ([type]) => type,
  });
  fc.assert(
    fc.property(entries, (list) => {
      const read = attributesIn(concat(list.map(([type, bytes]) => attribute(type, bytes))));
      assert.deepEqual(
        [...read.keys()],
        list.map(([type]) => type),
      );
      for (const [type, bytes] of list) assert.deepEqual(Buffer.from(read.get(type)!), Buffer.from(bytes));
    }),
  );
});

test('any bytes are read without an error', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void attributesIn(bytes)));
});

test('a value is padded to four bytes and its length is not', () => {
  assert.deepEqual([...attribute(3, 'lo')], [7, 0, 3, 0, 0x6c, 0x6f, 0, 0]);
  assert.deepEqual([...attribute(9, word16(0x1234))], [6, 0, 9, 0, 0x34, 0x12, 0, 0]);
});

test('nested attributes carry their flag and are found without it', () => {
  const bytes = nested(2, attribute(6, 42), attribute(7, 'name'));
  assert.equal(bytes[3], 0x80);
  const inside = attributesIn(attributesIn(bytes).get(2)!);
  assert.equal(number32(inside.get(6)), 42);
  assert.equal(textOf(inside.get(7)), 'name');
  assert.equal(number32(inside.get(8)), undefined);
  assert.equal(number32(new Uint8Array(3)), undefined);
});

/** A kernel that answers every request with one datagram. */
function answering(datagram: (sequence: number) => Uint8Array): FakeSys {
  let sequence = 0;
  return ({ name, args }) => {
    if (name === 'socket') return 77;
    if (name === 'sendto') {
      const sent = args[1] as Uint8Array;
      sequence = new DataView(sent.buffer, sent.byteOffset).getUint32(8, true);
      return sent.length;
    }
    if (name !== 'recvfrom') return 0;
    const bytes = datagram(sequence);
    (args[1] as Uint8Array).set(bytes.subarray(0, (args[1] as Uint8Array).length));
    return bytes.length;
  };
}

function message(type: number, flags: number, sequence: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((16 + body.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16 + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, 16);
  return bytes;
}

const request = { name: 'RTM_X', type: 44, parts: [new Uint8Array(20)], subject: 'interface eth7' };

test('the kernel’s sentence is part of the error', () => {
  // NLM_F_CAPPED | NLM_F_ACK_TLVS: errno, the head of the request, the sentence.
  const body = concat([
    new Uint8Array(Int32Array.of(-17).buffer),
    new Uint8Array(16),
    attribute(1, 'Exclusivity flag on, cannot modify'),
  ]);
  withFakeSys(
    answering((sequence) => message(2, 0x300, sequence, body)),
    () => {
      assert.throws(
        () => ask(request),
        (error: unknown) => {
          assert.ok(error instanceof SysError);
          assert.equal(error.code, 'EEXIST');
          assert.equal(error.said, 'Exclusivity flag on, cannot modify');
          assert.equal(
            error.message,
            'netlink RTM_X interface eth7: EEXIST, Exclusivity flag on, cannot modify',
          );
          return true;
        },
      );
    },
  );
});

test('answers to an earlier question are left out', () => {
  const answer = (sequence: number): Uint8Array =>
    concat([
      message(16, 0, sequence - 1, new Uint8Array([1])),
      message(16, 2, sequence, new Uint8Array([2])),
      message(3, 2, sequence, new Uint8Array(4)),
    ]);
  const answers = withFakeSys(answering(answer), () => ask(request));
  assert.deepEqual(
    answers.map(({ body }) => [...body]),
    [[2]],
  );
});

test('addresses become network order', () => {
  assert.deepEqual([...addressBytes('10.0.2.255')], [10, 0, 2, 255]);
  assert.deepEqual([...addressBytes('::1')], [...new Array<number>(15).fill(0), 1]);
  assert.deepEqual([...addressBytes('fd00::2:ff')].slice(0, 3), [0xfd, 0, 0]);
  assert.deepEqual([...addressBytes('1:2:3:4:5:6:7:8')].slice(-2), [0, 8]);
  for (const wrong of [
    '1.2.3',
    '1.2.3.256',
    '1:2',
    ':::',
    '1::2::3',
    'g::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
  ]) {
    assert.throws(() => addressBytes(wrong), RangeError, wrong);
  }
  assert.deepEqual(
    [...inetAddress('127.0.0.1', 8080)],
    [2, 0, 0x1f, 0x90, 127, 0, 0, 1, ...new Array(8).fill(0)],
  );
  assert.equal(inetAddress('::1', 1).length, 28);
});
