/** What one kernel program is made of while it is compiled: declarations, facts of the kernel, sub-programs. */
import type { Node } from 'acorn';
import type { Value } from '../compiler/ir.ts';
import { type LostLayout, lostCounterStride } from '../kernel/stream/lost.ts';
import { nearestNames } from '../text/nearest.ts';
import { recordOperation } from './builtin/map-ring.ts';
import type { Environment } from './environment.ts';
import { contextNamespace } from './lower/context.ts';
import type { Namespace, Operand } from './lower/operand.ts';
import type { Lowering } from './lower/state.ts';
import type { MapDeclaration, MapKind } from './maps.ts';
import { messages } from './messages.ts';
import type { FunctionSource } from './source.ts';

/** The map of loss counters that every program with ring buffers or growing maps carries. */
export const lostMap = 'bpfkit_lost';

export interface Declarations {
  readonly maps: ReadonlyMap<string, MapDeclaration<MapKind, unknown>>;
  readonly params: ReadonlyMap<string, bigint | number | boolean>;
  readonly functions: ReadonlyMap<string, FunctionSource>;
  /** Loss counters: which stream or map has which index. */
  readonly lossIndex: ReadonlyMap<string, number>;
  readonly lossLayout: LostLayout;
}

export class ProgramState {
  readonly environment: Environment;
  readonly maps: Declarations['maps'];
  readonly params: Declarations['params'];
  readonly functions: Declarations['functions'];
  /** Functions that the body calls, in the order of the first call: each becomes a sub-program. */
  readonly used: string[] = [];
  /** Who calls whom, to refuse recursion. */
  readonly #calls = new Map<string, Set<string>>();
  /** Set by what waits for user pages. */
  sleeps = false;
  readonly #declarations: Declarations;

  constructor(environment: Environment, declarations: Declarations) {
    this.environment = environment;
    this.maps = declarations.maps;
    this.params = declarations.params;
    this.functions = declarations.functions;
    this.#declarations = declarations;
  }

  declaredNames(): string[] {
    return [...this.maps.keys(), ...this.params.keys(), ...this.functions.keys()];
  }

  nearest(name: string, known: readonly string[]): string[] {
    return nearestNames(name, known);
  }

  /** Numbers of a user function: its parameters without the context. */
  parametersOf(name: string): number {
    return Math.max(0, (this.functions.get(name)?.node.params.length ?? 1) - 1);
  }

  /** Notes a call; the symbol is the name of the sub-program. */
  useFunction(l: Lowering, name: string, node: Node): string {
    const caller = l.source.name;
    if (caller === name || this.#reaches(name, caller)) l.fail(node, messages.recursion(name));
    const callees = this.#calls.get(caller) ?? new Set();
    this.#calls.set(caller, callees.add(name));
    if (!this.used.includes(name)) this.used.push(name);
    return name;
  }

  #reaches(from: string, to: string): boolean {
    return [...(this.#calls.get(from) ?? [])].some((next) => next === to || this.#reaches(next, to));
  }

  /** What `k` is. Looked up here and not by the lowering, whose built-ins are made of the lowering itself. */
  contextOf(l: Lowering): Namespace {
    return contextNamespace(l);
  }

  recordOperation(l: Lowering, object: Operand, name: string): Operand | undefined {
    return recordOperation(l, object, name);
  }

  /** One more record of this ring buffer found no place: counted on the current CPU's own cache line. */
  countLostRecord(l: Lowering, map: string): void {
    const { b } = l;
    const { cpus } = this.#declarations.lossLayout;
    const counters = this.lossCounter(l, map);
    if (cpus === 1) {
      b.atomic('add', 8, counters, 0, b.constant(1));
      return;
    }
    const cpu = b.binary('and', l.call('get_smp_processor_id', []), b.constant(cpus - 1));
    const distance = b.binary('shl', cpu, b.constant(Math.log2(lostCounterStride)));
    b.atomic('add', 8, b.binary('add', counters, distance, 64, counters.type), 0, b.constant(1));
  }

  /** One more entry found no place. */
  countLostEntry(l: Lowering, map: string): void {
    l.b.atomic('add', 8, this.lossCounter(l, map), 0, l.b.constant(1));
  }

  /**
   * The address of the first counter of losses of this map. Entries are counted there whatever the CPU:
   * a map that refuses an entry has gone through the locks of all CPUs before (__pcpu_freelist_pop in
   * kernel/bpf/percpu_freelist.c), so one more line that they share is not what makes it slow.
   */
  lossCounter(l: Lowering, map: string): Value {
    const { lossLayout, lossIndex } = this.#declarations;
    return l.b.mapValueAddress(lostMap, (lossIndex.get(map) ?? 0) * lossLayout.cpus * lostCounterStride);
  }

  /**
   * The address of a u64 that is 1, behind the counters: a new entry that counts from one is made from it, which
   * is shorter than to put a one on the stack.
   */
  constantOne(l: Lowering): Value {
    return l.b.mapValueAddress(lostMap, this.#declarations.lossLayout.valueSize);
  }
}
