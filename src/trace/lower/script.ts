/** What all programs of a script share while it is lowered: maps, actions, losses, numbers of the runtime. */
import { BtfBuilder } from '../../btf/build.ts';
import type { Value } from '../../compiler/ir.ts';
import { type MapSpec, MapType } from '../../kernel/spec.ts';
import { Losses } from '../../script/emit/losses.ts';
import type { Builtin } from '../builtin/builtin.ts';
import type { CheckedMap, CheckedProgram, CheckedSubprogram } from '../checked.ts';
import type { CompiledScript, GlobalName, ScriptMap } from '../compiled.ts';
import { layoutOf, mapKeyLayout, stackMapName } from '../types/layout.ts';
import { isAggregate, type StackType } from '../types/type.ts';
import { Actions, ring } from './actions.ts';
import type { LowerEnvironment } from './environment.ts';
import type { Lowering } from './state.ts';
import { unwindSpecs } from './unwind-maps.ts';

export interface MapPlan {
  readonly checked: CheckedMap;
  readonly kernelName: string;
  readonly perCpu: boolean;
  /** A full map refuses entries; an LRU map makes room. */
  readonly canLose: boolean;
}

// BPF_F_MMAPABLE and BPF_F_STACK_BUILD_ID of include/uapi/linux/bpf.h.
const mmapable = 1 << 10;
const withBuildId = 1 << 5;

const globalsMap = 'globals';
const zerosMap = 'zeros';

/** Places of a map of stacks: what 0.17 of the original reserves. */
const stackEntries = 131_072;

const mapTypes = {
  hash: MapType.hash,
  lruhash: MapType.lruHash,
  percpuhash: MapType.perCpuHash,
  percpulruhash: MapType.lruPerCpuHash,
} as const satisfies Record<CheckedMap['kind'], MapType>;

export class ScriptState {
  readonly checked: CheckedProgram;
  readonly environment: LowerEnvironment;
  readonly subprograms: ReadonlyMap<string, CheckedSubprogram>;
  readonly losses: Losses;
  readonly actions: Actions = new Actions();
  readonly btf: BtfBuilder = new BtfBuilder();
  readonly #builtins: (name: string) => Builtin | undefined;
  readonly #maps: ReadonlyMap<string, MapPlan>;
  readonly #globals = new Map<GlobalName, number>();
  readonly #stacks = new Map<string, StackType>();
  readonly #unwound = new Set<number>();
  #zeros = 0;

  constructor(
    checked: CheckedProgram,
    environment: LowerEnvironment,
    builtins: (name: string) => Builtin | undefined,
  ) {
    this.checked = checked;
    this.environment = environment;
    this.subprograms = new Map(checked.subprograms.map((each) => [each.source.name, each]));
    this.#builtins = builtins;
    this.#maps = new Map([...checked.maps].map(([name, map]) => [name, planOf(map)]));
    const losing = [...this.#maps.values()].filter((map) => map.canLose).map((map) => map.checked.name);
    this.losses = new Losses([ring, ...losing], environment.kernel.possibleCpus);
  }

  builtin(name: string): Builtin | undefined {
    return this.#builtins(name);
  }

  map(name: string): MapPlan {
    const plan = this.#maps.get(name);
    if (!plan) throw new Error(`internal: no map ${name}`);
    return plan;
  }

  /** A number that the runtime writes before anything runs. */
  global(l: Lowering, name: GlobalName): Value {
    let offset = this.#globals.get(name);
    if (offset === undefined) this.#globals.set(name, (offset = this.#globals.size * 8));
    return l.b.load(8, l.b.mapValueAddress(globalsMap, offset), 0, { invariant: true });
  }

  /** Memory of this many zeros. */
  zeros(l: Lowering, size: number): Value {
    this.#zeros = Math.max(this.#zeros, Math.ceil(size / 8) * 8);
    return l.b.mapValueAddress(zerosMap, 0);
  }

  /** The map that holds stacks of this depth. */
  stacks(type: StackType): string {
    const name = stackMapName(type);
    this.#stacks.set(name, type);
    return name;
  }

  /** Stacks of this depth are walked by tables. */
  unwinds({ limit }: StackType): void {
    this.#unwound.add(limit);
  }

  get isUnwinding(): boolean {
    return this.#unwound.size > 0;
  }

  /** Every map that the programs refer to. */
  mapSpecs(): MapSpec[] {
    const specs: MapSpec[] = [...this.#maps.values()].map((map) => this.#specOf(map));
    if (this.actions.used) specs.push(this.#ringSpec());
    const lost = this.losses.spec();
    if (lost && (this.actions.used || this.losses.index.size > 1)) specs.push(lost);
    for (const [name, type] of this.#stacks) specs.push(this.#stackSpec(name, type));
    specs.push(...unwindSpecs(this.#unwound, this.environment.kernel.btf));
    const array = { type: MapType.array, keySize: 4, maxEntries: 1 } as const;
    if (this.#globals.size > 0) {
      specs.push({ ...array, name: globalsMap, valueSize: this.#globals.size * 8, flags: mmapable });
    }
    if (this.#zeros > 0) specs.push({ ...array, name: zerosMap, valueSize: this.#zeros });
    return specs;
  }

  scriptMaps(): ScriptMap[] {
    return [...this.#maps.values()].map(({ checked, kernelName, perCpu }) => ({
      name: checked.name,
      kernelName,
      key: checked.key,
      value: checked.value,
      scalar: checked.scalar,
      perCpu,
      maxEntries: checked.maxEntries,
    }));
  }

  get stackMaps(): string[] {
    return [...this.#stacks.keys()];
  }

  get globals(): CompiledScript['globals'] {
    if (this.#globals.size === 0) return undefined;
    return { map: globalsMap, offsets: Object.fromEntries(this.#globals) };
  }

  #specOf({ checked, kernelName }: MapPlan): MapSpec {
    const { size } = mapKeyLayout(checked.key, checked.value);
    const valueSize = layoutOf(checked.value).size;
    return {
      name: kernelName,
      type: mapTypes[checked.kind],
      keySize: Math.max(1, size),
      valueSize: Math.max(1, valueSize),
      maxEntries: checked.maxEntries,
    };
  }

  #ringSpec(): MapSpec {
    const { perfRbPages } = this.checked.config;
    const pages = perfRbPages === undefined ? undefined : perfRbPages * 4096;
    const size = this.environment.ringBytes ?? pages ?? defaultRing(this.environment.kernel.possibleCpus);
    return {
      name: ring,
      type: MapType.ringBuffer,
      keySize: 0,
      valueSize: 0,
      maxEntries: 2 ** Math.ceil(Math.log2(Math.max(4096, size))),
    };
  }

  #stackSpec(name: string, { mode, limit }: StackType): MapSpec {
    const depth = Math.min(limit, this.environment.maxStackDepth ?? 127);
    const shared = { name, type: MapType.stackTrace, keySize: 4, maxEntries: stackEntries };
    if (mode === 'build_id')
      return { ...shared, valueSize: depth * 32, flags: withBuildId, maxEntries: 8192 };
    return { ...shared, valueSize: depth * 8 };
  }
}

/**
 * 4 MiB for a machine of two CPUs, up to 64: what a burst of ten milliseconds fills. Mapped twice over, it counts
 * double in the process's resident memory.
 */
function defaultRing(cpus: number): number {
  return Math.min(64, Math.max(4, 2 * cpus)) * 1024 * 1024;
}

function planOf(checked: CheckedMap): MapPlan {
  const name = checked.name.replace(/^@/, '');
  return {
    checked,
    kernelName: `AT_${name}`,
    perCpu: isAggregate(checked.value) || checked.kind.startsWith('percpu'),
    canLose: checked.kind === 'hash' || checked.kind === 'percpuhash',
  };
}
