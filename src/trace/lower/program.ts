/**
 * From a checked script to what can be loaded: every probe body becomes one kernel program, or several where one hook
 * cannot serve all its places; maps, actions and loss counters are shared by all. Needs facts about a kernel, but no
 * kernel.
 */
import type { BtfBuilder } from '../../btf/build.ts';
import type { TypeId } from '../../btf/types.ts';
import { FunctionBuilder } from '../../compiler/builder.ts';
import { type CompiledProgram, compileModule } from '../../compiler/compile.ts';
import type { IrModule } from '../../compiler/ir.ts';
import { AttachType, type MapSpec, MapType, type ProgramSpec, ProgramType } from '../../kernel/spec.ts';
import { lostMap } from '../../script/emit/losses.ts';
import { contextType } from '../../script/probe/plan.ts';
import type { Builtin } from '../builtin/builtin.ts';
import { findBuiltin } from '../builtin/table.ts';
import type { CheckedProgram } from '../checked.ts';
import type { CompiledProbe, CompiledScript } from '../compiled.ts';
import { ring } from './actions.ts';
import { taskId } from './builtins/process.ts';
import { lowerSubprograms } from './calls.ts';
import { dispatched, dispatcherProgram } from './dispatch.ts';
import type { LowerEnvironment } from './environment.ts';
import type { Hook } from './hook.ts';
import { hooksFor } from './hooks.ts';
import { registerOf } from './memory.ts';
import { ModuleState } from './module.ts';
import { ScriptState } from './script.ts';
import { type Planned, sideOf, type Unit, unitsOf } from './sessions.ts';
import { Lowering } from './state.ts';
import { statements } from './statements.ts';

export interface LowerOptions {
  /** Sees each program in its intermediate form before it is compiled, for `-d ir`. */
  readonly onModule?: (module: IrModule) => void;
  /** Sees each compiled program, for `-d asm`. */
  readonly onProgram?: (name: string, program: CompiledProgram) => void;
  /** Default: the table of the language. */
  readonly builtins?: (name: string) => Builtin | undefined;
}

/** Throws LowerError for what this kernel or kind of probe cannot do. */
export function lowerProgram(
  checked: CheckedProgram,
  environment: LowerEnvironment,
  options: LowerOptions = {},
): CompiledScript {
  const wanted = checked.probes.flatMap((probe) =>
    hooksFor(probe, environment).map((hook) => ({ probe, hook })),
  );
  const { hooks, dispatchers } = dispatched(wanted.map(({ hook }) => hook));
  const planned = wanted.map(({ probe }, i) => ({ probe, hook: hooks[i]! }));
  const script = new ScriptState(checked, environment, options.builtins ?? findBuiltin);
  const types = new FunctionTypes(script.btf);
  const programs: ProgramSpec[] = [];
  const probes: CompiledProbe[] = [];
  const scratchMaps: MapSpec[] = [];
  for (const unit of unitsOf(planned, environment)) {
    const [{ hook }] = unit;
    const index = probes.length;
    const name = programName(hook, index);
    const module = lowerUnit(name, unit, index, script);
    options.onModule?.(module);
    const scratch = `scratch_${index}`;
    const code = compileModule(module, { isa: environment.kernel.isa, scratch: { map: scratch } });
    options.onProgram?.(name, code);
    if (code.scratchBytes > 0) {
      const valueSize = Math.ceil(code.scratchBytes / 8) * 8;
      scratchMaps.push({ name: scratch, type: MapType.perCpuArray, keySize: 4, valueSize, maxEntries: 1 });
    }
    programs.push(programSpec(name, hook, code, checked.config.license, types));
    for (const { hook } of unit) probes.push({ program: name, resolved: hook.resolved, hook: hook.compiled });
  }
  for (const dispatcher of dispatchers) {
    const code = dispatcherProgram(dispatcher, environment.kernel);
    options.onProgram?.(dispatcher.program, code);
    const attachTarget = { kind: 'rawTracepoint', name: `sys_${dispatcher.side}` } as const;
    const hook = {
      programType: ProgramType.tracing,
      attachType: AttachType.traceRawTp,
      attachTarget,
    } as const;
    programs.push(programSpec(dispatcher.program, hook, code, checked.config.license, types));
  }
  const maps = [...script.mapSpecs(), ...scratchMaps, ...dispatchers.map(({ map }) => map)];
  const has = (map: string): boolean => maps.some(({ name }) => name === map);
  return {
    config: checked.config,
    spec: { btf: script.btf.encode(), maps, programs },
    probes,
    maps: script.scriptMaps(),
    actions: script.actions.list,
    ring: has(ring) ? ring : undefined,
    lostMap: has(lostMap) ? lostMap : undefined,
    lossIndex: script.losses.index,
    stackMaps: script.stackMaps,
    unwinds: script.isUnwinding,
    globals: script.globals,
  };
}

function lowerUnit(name: string, unit: Unit, index: number, script: ScriptState): IrModule {
  const builder = new FunctionBuilder(name, 'entry', [{ name: 'ctx', type: contextType }]);
  const [first, second] = unit;
  const module = moduleOf(first, index, script);
  if (second === undefined) lowerProbe(builder, first, module);
  else {
    const [entry, atReturn] = [builder.block('entry'), builder.block('return')];
    builder.branch('eq', sideOf(builder, script.environment), builder.constant(0), entry, atReturn);
    builder.begin(entry);
    lowerProbe(builder, first, module);
    builder.begin(atReturn);
    lowerProbe(builder, second, moduleOf(second, index + 1, script, module));
  }
  const made = builder.finish();
  lowerSubprograms(module);
  return { name, functions: [made, ...module.functions], resultIgnored: first.hook.resultIgnored };
}

function moduleOf(
  { probe, hook }: Planned,
  index: number,
  script: ScriptState,
  beside?: ModuleState,
): ModuleState {
  return new ModuleState(script, hook, index, [probe, ...script.checked.subprograms], beside);
}

/** The body of a probe, to its last return. */
function lowerProbe(builder: FunctionBuilder, { probe, hook }: Planned, module: ModuleState): void {
  const tests = hook.programType === ProgramType.xdp;
  const l: Lowering = new Lowering({
    builder,
    module,
    facts: probe.facts,
    leave(from, value) {
      // What a test returns is its result; the kernel wants 0 of the others.
      const result = tests && value && value.kind !== 'none' ? registerOf(from, value) : builder.constant(0);
      builder.return(result);
    },
  });
  l.at(probe.source.span);
  hook.prologue?.(l);
  if (!hook.filtersPid) onlyProcess(l);
  statements(l, probe.body.statements);
  if (builder.open && probe.body.value) {
    const value = l.lower(probe.body.value);
    if (builder.open) l.leave(l, value);
  }
  if (builder.open) l.leave(l, undefined);
}

/** `-p PID` */
function onlyProcess(l: Lowering): void {
  const { b } = l;
  const { pid } = l.script.environment;
  if (pid === undefined) return;
  const [mine, other] = [b.block('mine'), b.block('other')];
  b.branch('eq', taskId(l, 'process', false), b.constant(pid), mine, other);
  b.begin(other);
  b.return(b.constant(0));
  b.begin(mine);
}

function programSpec(
  name: string,
  hook: Pick<Hook, 'programType' | 'attachType' | 'attachTarget'>,
  code: CompiledProgram,
  license: string,
  types: FunctionTypes,
): ProgramSpec {
  return {
    name,
    type: hook.programType,
    ...(hook.attachType === undefined ? {} : { attachType: hook.attachType }),
    ...(hook.attachTarget === undefined ? {} : { attachTarget: hook.attachTarget }),
    license,
    instructions: code.instructions,
    functions: code.functions.map((fn) => ({
      slot: fn.slot,
      name: fn.name,
      type: types.of(fn.name, fn.role === 'entry', fn.parameters.length),
    })),
    lines: code.lines,
  };
}

/** At most 15 characters, each name once: what bpftool shows. */
function programName({ resolved }: Hook, index: number): string {
  const [target] = resolved.targets;
  const words = (target?.name ?? resolved.name).split(':');
  const last = words.at(-1) ?? resolved.provider;
  const plain = (/^\d/.test(last) ? `${resolved.provider}_${last}` : last).replace(/[^A-Za-z0-9_]/g, '_');
  return index === 0 ? plain.slice(0, 15) : `${plain.slice(0, 14 - `${index}`.length)}_${index}`;
}

/** What the verifier wants to know of functions: `int entry(void *ctx)`, `u64 name(u64, …)`. */
class FunctionTypes {
  readonly #btf: BtfBuilder;

  constructor(btf: BtfBuilder) {
    this.#btf = btf;
  }

  of(name: string, entry: boolean, parameters: number): TypeId {
    const btf = this.#btf;
    const number = btf.int('u64', 8, 'unsigned');
    const list = Array.from({ length: parameters }, (_, i) => ({
      name: entry ? 'ctx' : `a${i}`,
      type: entry ? btf.pointer(0) : number,
    }));
    const prototype = btf.prototype(entry ? btf.int('int', 4, 'signed') : number, list);
    return btf.add({ kind: 'function', name: name.replace(/\W/g, '_'), prototype, linkage: 0 });
  }
}
