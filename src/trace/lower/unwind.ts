/**
 * `dw_ustack`: walks the user stack by the tables that user space put into maps (kernel/unwind/), one call of a
 * function for each frame (bpf_loop). What the frames have in common is in a state before the addresses that were
 * found, in per-CPU memory and not on the stack: what the verifier knows about numbers on the stack is different each
 * turn, so that it would walk through all turns; of numbers in a map it knows nothing, and one turn is like the next.
 *
 *     ip, sp, bp  ── area of the process, or file of the mapping ──►  chunk, distance  ── search ──►  rule
 *          ▲                                                                                          │
 *          └── return address, CFA, saved rbp: read from the stack of the program ◄──────────────────┘
 *
 * Searches are by halves and without branches, each step the same for the verifier: 11 steps through the areas of a
 * process, 13 through a chunk. The stack is kept once, in a hash by the hash of its addresses, so that equal stacks are
 * equal keys. Where the walk fails, the stack ends with `unwindFailed`.
 *
 * An address that is in no area of its process may be in a library that came since: the kernel is asked for the mapping
 * (bpf_find_vma, which takes the lock of the address space and may fail), and user space to look again.
 */
import { FunctionBuilder } from '../../compiler/builder.ts';
import { helper } from '../../compiler/helpers.ts';
import type { Value, ValueType } from '../../compiler/ir.ts';
import { RBP_IN_FRAME, RBP_LOST, RuleKind } from '../../elf/frames/rule.ts';
import {
  AREAS,
  AreaCode,
  areaLayout,
  CHUNK_ROWS,
  chunkLayout,
  FILE_CHUNKS,
  fileLayout,
  firstChunkCode,
  unwindMaps,
} from '../../kernel/unwind/layout.ts';
import { addressAt } from '../../script/emit/memory.ts';
import { dwarfStackMapName, emptyStack, unwindFailed, unwoundStack } from '../types/layout.ts';
import { type StackType, uint32 } from '../types/type.ts';
import type { Call } from './builtins/lower-builtin.ts';
import { taskId } from './builtins/process.ts';
import { stackPointer, turnFunction } from './called-back.ts';
import { LowerError } from './errors.ts';
import { currentTask, type KernelObject, numberField, objectField } from './kernel-field.ts';
import { clear, frameMemory } from './memory.ts';
import { Lowering } from './state.ts';

/** Words of the state. */
const At = {
  ip: 0,
  sp: 8,
  bp: 16,
  /** 1: the address itself is in the function, not behind the call in it. */
  exact: 24,
  count: 32,
  hash: 40,
  /** Index of the process in `unwind_areas`. */
  place: 48,
  /** 1: user space should look at the process again. */
  asked: 56,
  /** Where the return address was read. */
  returned: 64,
  /** The return_instance of the kernel that is looked at; 0 if none is. */
  instance: 72,
  /** The stack, innermost first. */
  frames: 80,
} as const;

const mapValue: ValueType = { kind: 'pointer', provenance: 'mapValue', nullable: true };
const present: ValueType = { kind: 'pointer', provenance: 'mapValue', nullable: false };

/** Functions with uretprobes that one stack may have: each takes a turn of the loop more. */
const spareTurns = 128;
/** Golden ratio in 64 bits: spreads equal bits. */
const multiplier = 0x9e3779b97f4a7c15n;
const userBits = 47;
const notExist = 1;
const EEXIST = 17;

interface Walk {
  /** Key of the stack in its map, `emptyStack`, or 0 if there was no room for it. */
  readonly id: Value;
  readonly count: Value;
}

/** Memory for so many frames at least: what does not fit on the stack is taken from a per-CPU map. */
const leastFrames = 64;

export function walkStack(l: Lowering, call: Call): Walk {
  const { b } = l;
  const type = l.facts.typeOf(call) as StackType;
  refuseElsewhere(l, call);
  const [id, count] = [b.variable('stack'), b.variable('count')];
  b.write(id, b.constant(emptyStack));
  b.write(count, b.constant(0));
  if (type.limit === 0) return { id: b.read(id), count: b.read(count) };
  l.script.unwinds(type);
  const key = frameMemory(l, 'process', 8);
  b.store(4, key, 0, taskId(l, 'process', false));
  const place = l.call('map_lookup_elem', [b.mapAddress(unwindMaps.pids), key], mapValue);
  l.choose(
    (yes, no) => b.branch('ne', place, b.constant(0), yes, no),
    () => {
      const walked = walkKnown(l, type, b.load(4, place, 0));
      b.write(id, walked.id);
      b.write(count, walked.count);
    },
    () => l.script.actions.runtimeError(l, noTables, call.span),
  );
  return { id: b.read(id), count: b.read(count) };
}

const noTables =
  'No DWARF unwind data available for this process. Use -p or --dwarf-pid to specify target PIDs.';

function refuseElsewhere(l: Lowering, call: Call): void {
  const { architecture, btf } = l.environment;
  if (architecture !== 'x64') {
    throw new LowerError(
      call.span,
      'dw_ustack is there on x86_64 only.',
      'Use ustack: programs for arm64 keep frame pointers.',
    );
  }
  if (btf.find('bpf_find_vma', 'function') === undefined) {
    throw new LowerError(call.span, 'dw_ustack needs bpf_loop and bpf_find_vma (Linux 5.17).', 'Use ustack.');
  }
}

function walkKnown(l: Lowering, type: StackType, place: Value): Walk {
  const { b } = l;
  const size = type.limit * 8;
  const state = frameMemory(l, 'walk', At.frames + Math.max(size, leastFrames * 8));
  const frames = addressAt(l, state, At.frames);
  clear(l, frames, 0, size);
  const registers: KernelObject = {
    struct: 'pt_regs',
    base: l.call('task_pt_regs', [currentTask(l).base]),
    memory: 'kernelTyped',
  };
  b.store(8, state, At.ip, numberField(l, registers, 'ip'));
  b.store(8, state, At.sp, numberField(l, registers, 'sp'));
  b.store(8, state, At.bp, numberField(l, registers, 'bp'));
  b.store(8, state, At.exact, b.constant(1));
  b.store(8, state, At.place, place);
  for (const at of [At.count, At.hash, At.asked, At.returned, At.instance])
    b.store(8, state, at, b.constant(0));
  const shared = b.slotAddress(b.slot('state', 8, 8, true));
  b.store(8, shared, 0, state);
  l.call('loop', [
    b.constant(type.limit + spareTurns),
    b.functionAddress(frameFunction(l, type.limit)),
    shared,
    b.constant(0),
  ]);
  l.choose(
    (yes, no) => b.branch('ne', b.load(8, state, At.asked), b.constant(0), yes, no),
    () =>
      l.script.actions.send(
        l,
        [
          {
            type: uint32,
            value: () => ({ kind: 'scalar', value: taskId(l, 'process', false), type: uint32 }),
          },
        ],
        ([process]) => ({ kind: 'unwindMiss', process: process! }),
      ),
  );
  const id = b.variable('stack');
  const count = b.load(8, state, At.count);
  b.write(id, b.constant(emptyStack));
  l.choose(
    (yes, no) => b.branch('ne', count, b.constant(0), yes, no),
    () => {
      const hash = b.binary('or', b.load(8, state, At.hash), b.constant(unwoundStack));
      b.write(id, hash);
      const key = frameMemory(l, 'hash', 8);
      b.store(8, key, 0, hash);
      const kept = b.call(helper('map_update_elem'), [
        b.mapAddress(dwarfStackMapName(type.limit)),
        key,
        frames,
        b.constant(notExist),
      ]);
      const [refused, there] = [b.block('refused'), b.block('there')];
      b.branch('eq', kept, b.constant(0), there, refused);
      b.begin(refused);
      const [full, also] = [b.block('full'), b.block('also')];
      // The kernel calls the map's own function, which returned an int until 6.3: the upper half is anything.
      b.branch('eq', kept, b.constant(-EEXIST), also, full, 32);
      b.begin(full);
      b.write(id, b.constant(0));
      b.jump(also);
      b.begin(also);
      b.jump(there);
      b.begin(there);
    },
  );
  return { id: b.read(id), count };
}

/** The function for one turn, made once for a program and a limit. */
function frameFunction(l: Lowering, limit: number): string {
  const known = l.module.shared.get(`frame ${limit}`);
  if (known !== undefined) return known;
  const area = l.module.shared.get('area') ?? areaFunction(l);
  l.module.shared.set('area', area);
  const name = l.module.functionName('frame');
  l.module.shared.set(`frame ${limit}`, name);
  const builder = turnFunction(l, name);
  new FrameWalk(within(l, builder), limit, area).make();
  l.module.add(builder.finish());
  return name;
}

/** Another function of the same program: it has no event, and no helper of it is reported. */
function within(l: Lowering, builder: FunctionBuilder): Lowering {
  const leave = (): never => {
    throw new Error('internal: a walk has no return of the script');
  };
  return new Lowering({ builder, module: l.module, facts: l.facts, leave });
}

/** Words that the kernel's mapping is told by: the key of `unwind_files`, the position, whether it is a file. */
const Area = { inode: 0, device: 8, position: 16, address: 24, kind: 32, size: 40 } as const;
const AreaKind = { none: 0, anonymous: 1, file: 2 } as const;
const pageShift = 12;

/** What bpf_find_vma calls: `(task, vma, area)`. */
function areaFunction(l: Lowering): string {
  const name = l.module.functionName('area');
  const pointer: ValueType = { kind: 'pointer', provenance: 'kernelTyped', nullable: false };
  const b = new FunctionBuilder(name, 'callback', [
    { name: 'task', type: pointer },
    { name: 'vma', type: pointer },
    { name: 'area', type: stackPointer },
  ]);
  b.source = l.b.source;
  const inner = within(l, b);
  const area = b.parameter(2);
  const mapping: KernelObject = { struct: 'vm_area_struct', base: b.parameter(1), memory: 'kernelTyped' };
  const file = objectField(inner, mapping, 'vm_file');
  b.store(8, area, Area.kind, b.constant(AreaKind.anonymous));
  inner.choose(
    (yes, no) => b.branch('ne', file.base, b.constant(0), yes, no),
    () => {
      const inode = objectField(inner, file, 'f_inode');
      b.store(8, area, Area.inode, numberField(inner, inode, 'i_ino'));
      b.store(8, area, Area.device, numberField(inner, objectField(inner, inode, 'i_sb'), 's_dev'));
      const inside = b.binary('sub', b.load(8, area, Area.address), numberField(inner, mapping, 'vm_start'));
      const from = b.binary('shl', numberField(inner, mapping, 'vm_pgoff'), b.constant(pageShift));
      b.store(8, area, Area.position, b.binary('add', inside, from));
      b.store(8, area, Area.kind, b.constant(AreaKind.file));
    },
  );
  b.return(b.constant(0));
  l.module.add(b.finish());
  return name;
}

/** One turn: records the frame that the state is at, and goes on to its caller. 1 ends the walk. */
class FrameWalk {
  readonly #l: Lowering;
  readonly #b: FunctionBuilder;
  readonly #limit: number;
  readonly #area: string;
  readonly #state: Value;

  constructor(l: Lowering, limit: number, area: string) {
    this.#l = l;
    this.#b = l.b;
    this.#limit = limit;
    this.#area = area;
    this.#state = l.b.load(8, l.b.parameter(1), 0, { type: present });
  }

  make(): void {
    const b = this.#b;
    this.#resolveTrampoline();
    const ip = this.#word(At.ip);
    const count = this.#word(At.count);
    this.#unless('ult', b.binary('lshr', ip, b.constant(userBits)), b.constant(1), () => this.#fail(count));
    const before = b.binary('sub', b.constant(1), this.#word(At.exact));
    const address = b.binary('sub', ip, before);

    const [code, base] = [b.variable('code'), b.variable('base')];
    const at = b.variable('position');
    b.write(at, address);
    this.#findArea(address, code, base);
    // A trampoline of uretprobes is no frame: the next turn knows where the function really returns to.
    this.#when('eq', b.read(code), b.constant(AreaCode.trampoline), () => this.#startResolving());
    this.#record(address, count);
    const next = b.binary('add', count, b.constant(1));
    this.#unless('ult', next, b.constant(this.#limit), () => b.return(b.constant(1)));
    this.#when('eq', b.read(code), b.constant(AreaCode.hole), () =>
      this.#askKernel(address, code, base, at, next),
    );

    const [cfa, savedAt, returnAt] = [b.variable('cfa'), b.variable('savedAt'), b.variable('returnAt')];
    const [bp, exact] = [b.variable('bp'), b.variable('exact')];
    const caller: Caller = { cfa, savedAt, returnAt, bp, exact };
    b.write(bp, this.#word(At.bp));
    b.write(exact, b.constant(0));
    b.write(savedAt, b.constant(0));
    const [byTable, byPointer, known] = [b.block('table'), b.block('pointer'), b.block('known')];
    b.branch('eq', b.read(code), b.constant(AreaCode.framePointers), byPointer, byTable);
    b.begin(byPointer);
    const frame = this.#word(At.bp);
    b.write(cfa, b.binary('add', frame, b.constant(16)));
    b.write(returnAt, b.binary('add', frame, b.constant(8)));
    b.write(savedAt, frame);
    b.jump(known);
    b.begin(byTable);
    const chunk = b.binary('sub', b.read(code), b.constant(firstChunkCode));
    const rule = this.#findRule(chunk, b.binary('sub', b.read(at), b.read(base)), next);
    this.#applyRule(rule, ip, caller, next);
    b.jump(known);
    b.begin(known);
    this.#step(caller, next);
  }

  #word(at: number): Value {
    return this.#b.load(8, this.#state, at);
  }

  #when(op: Parameters<FunctionBuilder['branch']>[0], left: Value, right: Value, then: () => void): void {
    this.#l.choose((yes, no) => this.#b.branch(op, left, right, yes, no), then);
  }

  #unless(op: Parameters<FunctionBuilder['branch']>[0], left: Value, right: Value, then: () => void): void {
    const b = this.#b;
    const [holds, fails] = [b.block('holds'), b.block('fails')];
    b.branch(op, left, right, holds, fails);
    b.begin(fails);
    then();
    if (b.open) b.jump(holds);
    b.begin(holds);
  }

  /** Writes the frame down: `count` is below the limit. */
  #record(address: Value, count: Value): void {
    const b = this.#b;
    this.#unless('ult', count, b.constant(this.#limit), () => b.return(b.constant(1)));
    b.store(8, this.#element(this.#state, count, 3), At.frames, address);
    b.store(8, this.#state, At.count, b.binary('add', count, b.constant(1)));
    const mixed = b.binary('mul', b.binary('xor', this.#word(At.hash), address), b.constant(multiplier));
    b.store(8, this.#state, At.hash, b.binary('xor', mixed, b.binary('lshr', mixed, b.constant(29))));
  }

  /** There are callers, and nobody knows where. */
  #fail(count: Value): void {
    this.#record(this.#b.constant(unwindFailed), count);
    this.#b.return(this.#b.constant(1));
  }

  /** The last of `size` (a power of two) ascending numbers that is not above `wanted`; the first is not. */
  #search(size: number, wanted: Value, load: (index: Value) => Value): Value {
    const b = this.#b;
    let index = b.constant(0);
    for (let step = size / 2; step >= 1; step /= 2) {
      const candidate = b.binary('and', b.binary('add', index, b.constant(step)), b.constant(size - 1));
      const taken = b.binary('shl', this.#atLeast(wanted, load(candidate)), b.constant(Math.log2(step)));
      index = b.binary('and', b.binary('add', index, taken), b.constant(size - 1));
    }
    return index;
  }

  /**
   * 1 if left >= right, else 0; both below 2^63. Not by a sign that is spread over all bits: of a number that is 0 or -1
   * Linux 6.18 follows both ways, which makes millions out of a search.
   */
  #atLeast(left: Value, right: Value): Value {
    const b = this.#b;
    const isBelow = b.binary('lshr', b.binary('sub', left, right), b.constant(63));
    return b.binary('xor', isBelow, b.constant(1));
  }

  #element(base: Value, index: Value, shift: number): Value {
    const b = this.#b;
    return b.binary('add', base, b.binary('shl', index, b.constant(shift)), 64, present);
  }

  /** Instructions reach 32 KiB by themselves. */
  #behind(base: Value, bytes: number): Value {
    return this.#b.binary('add', base, this.#b.constant(bytes), 64, present);
  }

  /** An element of an array; ends the walk in the impossible case that it is not there. */
  #lookup(map: string, index: Value): Value {
    const b = this.#b;
    const key = b.slotAddress(b.slot('index', 8, 8));
    b.store(4, key, 0, index);
    const found = b.call(helper('map_lookup_elem'), [b.mapAddress(map), key], mapValue);
    this.#unless('ne', found, b.constant(0), () => b.return(b.constant(1)));
    return found;
  }

  #findArea(address: Value, code: Variable, base: Variable): void {
    const b = this.#b;
    const areas = this.#lookup(unwindMaps.areas, this.#word(At.place));
    const index = this.#search(AREAS, address, (i) => b.load(8, this.#element(areas, i, 3), 0));
    b.write(code, b.load(4, this.#element(this.#behind(areas, areaLayout.codes), index, 2), 0));
    b.write(base, b.load(8, this.#element(this.#behind(areas, areaLayout.bases), index, 3), 0));
    this.#when('eq', b.read(code), b.constant(AreaCode.hole), () =>
      this.#when('eq', b.load(8, this.#behind(areas, areaLayout.asked), 0), b.constant(0), () => {
        b.store(8, this.#behind(areas, areaLayout.asked), 0, b.constant(1));
        b.store(8, this.#state, At.asked, b.constant(1));
      }),
    );
  }

  #askKernel(address: Value, code: Variable, base: Variable, at: Variable, count: Value): void {
    const b = this.#b;
    const area = b.slotAddress(b.slot('area', Area.size, 8, true));
    for (let word = 0; word < Area.size; word += 8) b.store(8, area, word, b.constant(0));
    b.store(8, area, Area.address, address);
    const task = currentTask(this.#l).base;
    b.call(helper('find_vma'), [task, address, b.functionAddress(this.#area), area, b.constant(0)]);
    const kind = b.load(8, area, Area.kind);
    this.#when('eq', kind, b.constant(AreaKind.none), () => this.#fail(count));
    b.write(code, b.constant(AreaCode.framePointers));
    this.#when('eq', kind, b.constant(AreaKind.file), () => {
      const file = b.call(helper('map_lookup_elem'), [b.mapAddress(unwindMaps.files), area], mapValue);
      // A file whose tables are not read yet.
      this.#unless('ne', file, b.constant(0), () => this.#fail(count));
      const position = b.load(8, area, Area.position);
      const index = this.#search(FILE_CHUNKS, position, (i) => b.load(8, this.#element(file, i, 3), 0));
      b.write(base, b.load(8, this.#element(file, index, 3), 0));
      b.write(at, position);
      const chunk = b.binary('add', b.load(4, file, fileLayout.first), index);
      b.write(code, b.binary('add', chunk, b.constant(firstChunkCode)));
    });
  }

  #findRule(chunk: Value, distance: Value, count: Value): Value {
    const b = this.#b;
    const key = b.slotAddress(b.slot('chunk', 8, 8));
    b.store(4, key, 0, chunk);
    const rows = b.call(helper('map_lookup_elem'), [b.mapAddress(unwindMaps.rows), key], mapValue);
    this.#unless('ne', rows, b.constant(0), () => this.#fail(count));
    const index = this.#search(CHUNK_ROWS, distance, (i) => b.load(4, this.#element(rows, i, 2), 0));
    return b.load(4, this.#element(this.#behind(rows, chunkLayout.rules), index, 2), 0);
  }

  /** Where the caller's registers are: see elf/frames/rule.ts. */
  #applyRule(rule: Value, ip: Value, { cfa, savedAt, returnAt, bp, exact }: Caller, count: Value): void {
    const b = this.#b;
    const kind = b.binary('and', rule, b.constant(0xf));
    const words = b.binary('ashr', b.binary('shl', rule, b.constant(32)), b.constant(48));
    const offset = b.binary('shl', words, b.constant(3));
    const plus = b.binary('and', b.binary('lshr', rule, b.constant(12)), b.constant(8));
    const [sp, frame] = [this.#word(At.sp), this.#word(At.bp)];
    const done = b.block('rule done');
    const common = b.block('common');
    const cases: readonly [RuleKind, () => Value | undefined][] = [
      [RuleKind.stackPointer, () => b.binary('add', sp, offset)],
      [RuleKind.framePointer, () => b.binary('add', frame, offset)],
      [
        RuleKind.plt,
        () => {
          const pushed = this.#atLeast(b.binary('and', ip, b.constant(15)), words);
          return b.binary('add', b.binary('add', sp, b.constant(8)), b.binary('shl', pushed, b.constant(3)));
        },
      ],
      [
        RuleKind.atFramePointer,
        () => b.binary('add', this.#read(b.binary('add', frame, offset), count), plus),
      ],
      [RuleKind.atStackPointer, () => b.binary('add', this.#read(b.binary('add', sp, offset), count), plus)],
      [
        RuleKind.signal,
        () => {
          const saved = b.binary('add', sp, offset);
          b.write(cfa, this.#read(saved, count));
          b.write(returnAt, b.binary('add', saved, b.constant(8)));
          b.write(savedAt, b.binary('sub', saved, b.constant(40)));
          b.write(exact, b.constant(1));
          b.jump(done);
          return undefined;
        },
      ],
      [
        RuleKind.end,
        () => {
          b.return(b.constant(1));
          return undefined;
        },
      ],
    ];
    for (const [wanted, address] of cases) {
      const [mine, other] = [b.block('mine'), b.block('other')];
      b.branch('eq', kind, b.constant(wanted), mine, other);
      b.begin(mine);
      const found = address();
      if (found) {
        b.write(cfa, found);
        b.jump(common);
      }
      b.begin(other);
    }
    this.#fail(count);

    b.begin(common);
    b.write(returnAt, b.binary('sub', b.read(cfa), b.constant(8)));
    const saved = b.binary('and', b.binary('lshr', rule, b.constant(4)), b.constant(0x3ff));
    this.#when('ne', saved, b.constant(0), () => {
      b.write(savedAt, b.binary('sub', b.read(cfa), b.binary('shl', saved, b.constant(3))));
      this.#when('eq', saved, b.constant(RBP_IN_FRAME), () => b.write(savedAt, frame));
      this.#when('eq', saved, b.constant(RBP_LOST), () => {
        b.write(savedAt, b.constant(0));
        b.write(bp, b.constant(0));
      });
    });
    b.jump(done);
    b.begin(done);
  }

  /** A word of the program's memory. */
  #read(address: Value, count: Value): Value {
    const b = this.#b;
    const word = b.slotAddress(b.slot('word', 8, 8));
    const failed = b.call(helper('probe_read_user'), [word, b.constant(8), address]);
    this.#unless('eq', failed, b.constant(0), () => this.#fail(count));
    return b.load(8, word, 0);
  }

  #step({ cfa, savedAt, returnAt, bp, exact }: Caller, count: Value): void {
    const b = this.#b;
    const [top, isExact] = [b.read(cfa), b.read(exact)];
    // A caller's frame is above; only a signal may have come on another stack.
    this.#unless('ugt', top, this.#word(At.sp), () =>
      this.#unless('ne', isExact, b.constant(0), () => this.#fail(count)),
    );
    const returned = this.#read(b.read(returnAt), count);
    // Who has no caller was given an empty return address.
    this.#unless('ne', returned, b.constant(0), () => b.return(b.constant(1)));
    this.#when('ne', b.read(savedAt), b.constant(0), () => b.write(bp, this.#read(b.read(savedAt), count)));
    b.store(8, this.#state, At.ip, returned);
    b.store(8, this.#state, At.sp, top);
    b.store(8, this.#state, At.bp, b.read(bp));
    b.store(8, this.#state, At.exact, isExact);
    b.store(8, this.#state, At.returned, b.read(returnAt));
    b.return(b.constant(0));
  }

  /** The address that this was read from is the key to what the kernel put away. */
  #startResolving(): void {
    const b = this.#b;
    const utask = objectField(this.#l, currentTask(this.#l), 'utask');
    const first = objectField(this.#l, { ...utask, memory: 'kernelRaw' }, 'return_instances');
    b.store(8, this.#state, At.instance, first.base);
    b.return(b.constant(0));
  }

  /** A turn a function with a uretprobe, from the innermost to the one whose return address was met. */
  #resolveTrampoline(): void {
    const b = this.#b;
    const instance = this.#word(At.instance);
    this.#when('ne', instance, b.constant(0), () => {
      const from: KernelObject = { struct: 'return_instance', base: instance, memory: 'kernelRaw' };
      const stack = numberField(this.#l, from, 'stack');
      const [found, other] = [b.block('found'), b.block('other')];
      b.branch('eq', stack, this.#word(At.returned), found, other);
      b.begin(other);
      const next = objectField(this.#l, from, 'next').base;
      b.store(8, this.#state, At.instance, next);
      this.#when('eq', next, b.constant(0), () => this.#fail(this.#word(At.count)));
      b.return(b.constant(0));
      b.begin(found);
      b.store(8, this.#state, At.ip, numberField(this.#l, from, 'orig_ret_vaddr'));
      b.store(8, this.#state, At.instance, b.constant(0));
    });
  }
}

type Variable = ReturnType<FunctionBuilder['variable']>;

interface Caller {
  readonly cfa: Variable;
  /** Where rbp was saved; 0 if it still has its value, or `bp` has the new one. */
  readonly savedAt: Variable;
  readonly returnAt: Variable;
  readonly bp: Variable;
  readonly exact: Variable;
}
