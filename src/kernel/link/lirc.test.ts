/** No kernel of the tests takes programs for infrared receivers: what it would be asked is looked at instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fd } from '../../sys/fd.ts';
import { withFakeSys } from '../../sys/syscall.ts';
import { AttachType } from '../spec.ts';
import { AttachError } from './errors.ts';
import { attachLirc } from './lirc.ts';

const [PROGRAM, RECEIVER, OWN] = [1000, 1001, 1002];

/** What the kernel was asked, in order: bpf commands with their descriptors, and descriptors closed. */
function asked(answer: number, run: () => void): string[] {
  const calls: string[] = [];
  withFakeSys(({ name, args, bpf }) => {
    if (bpf !== undefined) {
      const { targetFd, attachBpfFd, attachType } = bpf.values;
      calls.push(`${bpf.command} ${targetFd} ${attachBpfFd} ${attachType}`);
      return bpf.command === 'programAttach' ? answer : 0;
    }
    if (name === 'close') calls.push(`close ${args[0]}`);
    return name === 'openat' ? RECEIVER : name === 'fcntl' ? OWN : 0;
  }, run);
  return calls;
}

const attach = (): ReturnType<typeof attachLirc> =>
  attachLirc({ name: 'decoder', fd: Fd.own(PROGRAM, 'program') }, '/dev/lirc0');

test('a decoder is attached to the descriptor of its receiver, and taken off by it', () => {
  const calls = asked(0, () => attach().close());
  assert.deepEqual(calls, [
    `programAttach ${RECEIVER} ${OWN} ${AttachType.lircMode2}`,
    `programDetach ${RECEIVER} ${OWN} ${AttachType.lircMode2}`,
    `close ${OWN}`,
    `close ${RECEIVER}`,
  ]);
});

test('a receiver that takes no program is said to be none, and closed', () => {
  const EINVAL = 22;
  const calls = asked(-EINVAL, () =>
    assert.throws(
      attach,
      (error: unknown) =>
        error instanceof AttachError && /lirc \/dev\/lirc0.*no infrared receiver/.test(error.message),
    ),
  );
  assert.deepEqual(calls.slice(1), [`close ${OWN}`, `close ${RECEIVER}`]);
});
