/**
 * A kernel that never changes, to compile programs against: a few structs, functions and tracepoints with offsets
 * of their own choice. What is compiled for it is text that tests compare on any machine, and is never loaded.
 */
import { Btf } from '../../src/btf/btf.ts';
import { BtfBuilder } from '../../src/btf/build.ts';
import type { TypeId } from '../../src/btf/types.ts';
import type { TracepointField, TracepointFormat } from '../../src/kernel/tracepoint/format.ts';
import type { Environment } from '../../src/script/environment.ts';
import { nearestNames } from '../../src/text/nearest.ts';

type Member = readonly [
  name: string,
  byte: number,
  type: TypeId,
  bitfield?: readonly [bit: number, bits: number],
];

function build(): Uint8Array {
  const b = new BtfBuilder();
  const char = b.int('char', 1, 'char');
  const u8 = b.int('unsigned char', 1, 'unsigned');
  const u16 = b.int('unsigned short', 2, 'unsigned');
  const u32 = b.int('unsigned int', 4, 'unsigned');
  const i32 = b.int('int', 4, 'signed');
  const u64 = b.int('unsigned long', 8, 'unsigned');
  const i64 = b.int('long', 8, 'signed');
  const bool = b.int('bool', 1, 'bool');
  const text = b.pointer(b.const(char));
  const userText = b.pointer(b.add({ kind: 'typeTag', name: 'user', target: char }));
  const none = b.pointer(0);
  const members = (list: readonly Member[]) =>
    list.map(([name, byte, type, bitfield]) => ({
      name,
      type,
      bitOffset: byte * 8 + (bitfield?.[0] ?? 0),
      bitSize: bitfield?.[1] ?? 0,
    }));
  const struct = (name: string, size: number, list: readonly Member[]): TypeId =>
    b.struct(name, size, members(list));

  const registers = [
    'r15',
    'r14',
    'r13',
    'r12',
    'bp',
    'bx',
    'r11',
    'r10',
    'r9',
    'r8',
    'ax',
    'cx',
    'dx',
    'si',
  ];
  const allRegisters = [...registers, 'di', 'orig_ax', 'ip', 'cs', 'flags', 'sp', 'ss'];
  const regs = struct(
    'pt_regs',
    168,
    allRegisters.map((name, i) => [name, i * 8, u64]),
  );
  const info = struct('thread_info', 24, [
    ['flags', 0, u64],
    ['status', 16, u32],
  ]);
  const inode = struct('inode', 128, [
    ['i_mode', 0, u16],
    ['i_ino', 64, u64],
    ['i_size', 72, i64],
  ]);
  const name = struct('qstr', 16, [
    ['len', 4, u32],
    ['name', 8, text],
  ]);
  const dentry = struct('dentry', 192, [
    ['d_name', 32, name],
    ['d_inode', 48, b.pointer(inode)],
  ]);
  const path = struct('path', 16, [
    ['mnt', 0, none],
    ['dentry', 8, b.pointer(dentry)],
  ]);
  const file = struct('file', 232, [
    ['f_flags', 8, u32],
    ['f_inode', 32, b.pointer(inode)],
    ['f_path', 152, path],
  ]);
  const mm = struct('mm_struct', 1024, [
    ['arg_start', 360, u64],
    ['arg_end', 368, u64],
    ['exe_file', 928, b.pointer(file)],
  ]);
  const id = struct('kuid_t', 4, [['val', 0, u32]]);
  const cred = struct('cred', 184, [
    ['uid', 4, id],
    ['euid', 20, id],
  ]);
  const upid = struct('upid', 16, [
    ['nr', 0, i32],
    ['ns', 8, none],
  ]);
  const pid = struct('pid', 112, [
    ['level', 4, u32],
    ['numbers', 96, b.array(upid, 1)],
  ]);
  const either = b.union('', [
    { name: 'thread_pid', type: b.pointer(pid) },
    { name: 'raw_pid', type: u64 },
  ]);
  const task = b.reserve();
  const taskMembers: Member[] = [
    ['thread_info', 0, info],
    ['__state', 24, u32],
    ['flags', 44, u32],
    ['policy', 48, i32],
    ['cpus', 56, b.array(u64, 4)],
    ['exit_code', 2228, i32],
    ['pid', 2296, i32],
    ['tgid', 2300, i32],
    ['real_parent', 2320, b.pointer(task)],
    ['', 2408, either],
    ['in_execve', 2416, u32, [0, 1]],
    ['level', 2416, u32, [1, 5]],
    ['nice', 2416, i32, [6, 6]],
    ['start_time', 2480, u64],
    ['cred', 2560, b.pointer(cred)],
    ['comm', 2576, b.array(char, 16)],
    ['mm', 2352, b.pointer(mm)],
  ];
  b.define(task, {
    kind: 'struct',
    name: 'task_struct',
    size: 9408,
    members: members(taskMembers),
  });
  const taskPointer = b.pointer(task);
  const meta = struct('bpf_iter_meta', 24, [
    ['seq', 0, none],
    ['session_id', 8, u64],
    ['seq_num', 16, u64],
  ]);
  struct('bpf_iter__task', 16, [
    ['meta', 0, b.pointer(meta)],
    ['task', 8, taskPointer],
  ]);
  struct('bpf_iter__task_file', 32, [
    ['meta', 0, b.pointer(meta)],
    ['task', 8, taskPointer],
    ['fd', 16, u32],
    ['file', 24, b.pointer(file)],
  ]);
  const rawTracepoint = (event: string, ...parameters: readonly (readonly [string, TypeId])[]): void => {
    const all = [['__data', none] as const, ...parameters];
    const named = all.map(([parameter, type]) => ({ name: parameter, type }));
    const unnamed = named.map(({ type }) => ({ name: '', type }));
    b.typedef(`btf_trace_${event}`, b.pointer(b.prototype(0, unnamed)));
    b.function(`__traceiter_${event}`, i32, named, 0);
  };
  rawTracepoint('sys_enter', ['regs', b.pointer(regs)], ['id', i64]);
  rawTracepoint('sys_exit', ['regs', b.pointer(regs)], ['ret', i64]);
  rawTracepoint(
    'sched_switch',
    ['preempt', bool],
    ['prev', taskPointer],
    ['next', taskPointer],
    ['prev_state', u32],
  );
  rawTracepoint('sched_process_exit', ['p', taskPointer]);
  rawTracepoint('sched_process_exec', ['p', taskPointer], ['old_pid', i32], ['bprm', none]);
  b.function('vfs_read', i64, [
    { name: 'file', type: b.pointer(file) },
    { name: 'buf', type: userText },
    { name: 'count', type: u64 },
    { name: 'pos', type: b.pointer(i64) },
  ]);
  b.function('do_flags', i32, [
    { name: 'mode', type: u8 },
    { name: 'on', type: bool },
  ]);
  b.function('bpf_rcu_read_lock', 0, []);
  b.function('bpf_rcu_read_unlock', 0, []);
  return b.encode();
}

const place = (
  name: string,
  type: string,
  offset: number,
  size: number,
  signed = false,
): TracepointField => ({
  name,
  type,
  offset,
  size,
  signed,
});

function syscall(
  name: string,
  ...fields: readonly (readonly [name: string, type: string])[]
): TracepointFormat[] {
  const list = fields.map(([field, type], i) => place(field, type, 16 + i * 8, 8));
  const enter = [place('__syscall_nr', 'int', 8, 4, true), ...list];
  const exit = [place('__syscall_nr', 'int', 8, 4, true), place('ret', 'long', 16, 8, true)];
  return [format(`sys_enter_${name}`, enter), format(`sys_exit_${name}`, exit)];
}

function format(name: string, fields: readonly TracepointField[]): TracepointFormat {
  return { name, id: 1, common: [], fields, print: '' };
}

const formats: ReadonlyMap<string, readonly TracepointFormat[]> = new Map([
  [
    'syscalls',
    [
      ...syscall('getppid'),
      ...syscall('read', ['fd', 'unsigned int'], ['buf', 'char *'], ['count', 'size_t']),
      ...syscall(
        'execve',
        ['filename', 'const char *'],
        ['argv', 'const char *const *'],
        ['envp', 'const char *const *'],
      ),
      ...syscall(
        'openat',
        ['dfd', 'int'],
        ['filename', 'const char *'],
        ['flags', 'int'],
        ['mode', 'umode_t'],
      ),
    ],
  ],
  [
    'raw_syscalls',
    [
      format('sys_enter', [
        place('id', 'long', 8, 8, true),
        { ...place('args', 'unsigned long', 16, 48), length: 6 },
      ]),
      format('sys_exit', [place('id', 'long', 8, 8, true), place('ret', 'long', 16, 8, true)]),
    ],
  ],
  [
    'sched',
    [
      format('sched_switch', [
        { ...place('prev_comm', 'char', 8, 16, true), length: 16 },
        place('prev_pid', 'pid_t', 24, 4, true),
        place('prev_state', 'long', 32, 8, true),
        { ...place('next_comm', 'char', 40, 16, true), length: 16 },
        place('next_pid', 'pid_t', 56, 4, true),
      ]),
      format('sched_process_exec', [
        { ...place('filename', 'char', 8, 4, true), length: 0, location: 'record' },
        place('pid', 'pid_t', 12, 4, true),
      ]),
      format('sched_process_exit', [place('pid', 'pid_t', 24, 4, true)]),
    ],
  ],
]);

const btf = Btf.parse(build());

/** Two CPUs, x86-64, everything of Linux 6.12. */
export const fixedKernel: Environment = {
  architecture: 'x64',
  btf,
  possibleCpus: 2,
  typedTask: true,
  commPadded: true,
  isa: 'v3',
  uprobeMulti: true,
  tracepoint: (category, name) => formats.get(category)?.find((each) => each.name === name),
  nearTracepoints(name) {
    const all = [...formats].flatMap(([category, list]) => list.map((each) => `${category}:${each.name}`));
    return nearestNames(name, all);
  },
};
