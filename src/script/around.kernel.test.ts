/** The struct around an object, and addresses inside of one: read from this process's own task. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineProgram } from './define.ts';
import { arrayMap } from './maps.ts';
import { u32, u64 } from './schema.ts';

const forRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };

test(
  'containerOf goes from a member to its struct, sizeOf and addressOf agree with it',
  forRoot,
  async () => {
    const program = defineProgram({
      params: { me: u32(process.pid) },
      maps: { out: arrayMap(u64, 8) },
      probes: {
        'tracepoint:syscalls:sys_enter_getppid'(k) {
          if (k.pid !== k.me) return;
          // From a text inside, from a number inside, and from a pointer to a member.
          k.out.set(0, k.containerOf(k.addressOf(k.task.comm), 'task_struct', 'comm').tgid);
          k.out.set(1, k.containerOf(k.addressOf(k.task.pid), 'task_struct', 'pid').tgid);
          k.out.set(2, k.containerOf(k.task.fs.root.mnt, 'mount', 'mnt').mnt_id);
          k.out.set(3, k.addressOf(k.task.pid) - k.addressOf(k.task));
          k.out.set(4, k.sizeOf('task_struct'));
          k.out.set(5, k.peek(k.addressOf(k.task.tgid), 4));
        },
      },
    });
    const loaded = await program.load();
    try {
      assert.ok(process.ppid > 0);
      const [around, fromNumber, mountId, offset, size, tgid] = [...loaded.out.values()].map(Number);
      assert.deepEqual([around, fromNumber, tgid], [process.pid, process.pid, process.pid]);
      assert.ok(mountId! > 0);
      assert.ok(offset! > 0 && offset! < size!, `${offset} of ${size}`);
    } finally {
      loaded.close();
    }
  },
);
