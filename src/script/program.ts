/**
 * From a definition to what can be loaded: every probe body becomes one kernel program; maps, types and
 * loss counters are shared by all. Needs facts about a kernel (`Environment`), but no kernel.
 */
import type { Node } from 'acorn';
import { BtfBuilder } from '../btf/build.ts';
import type { TypeId } from '../btf/types.ts';
import { FunctionBuilder } from '../compiler/builder.ts';
import { type CompiledProgram, compileModule } from '../compiler/compile.ts';
import { type IrFunction, type IrModule, scalar64 } from '../compiler/ir.ts';
import {
  AttachType,
  type CollectionSpec,
  type FunctionInfo,
  type MapSpec,
  MapType,
  type ProgramSpec,
  ProgramType,
} from '../kernel/spec.ts';
import { histogramKey, linearClasses, log2Classes } from './builtin/map-histogram.ts';
import { builtins } from './builtin/table.ts';
import { ProgramError } from './diagnostic.ts';
import { Losses } from './emit/losses.ts';
import type { Environment } from './environment.ts';
import { assignedNames } from './lower/bounds.ts';
import { expression } from './lower/expression.ts';
import { initialiseRecords } from './lower/records.ts';
import { scalarOf } from './lower/scalar.ts';
import { Lowering } from './lower/state.ts';
import { statements } from './lower/statement.ts';
import type { MapDeclaration, MapKind } from './maps.ts';
import { messages } from './messages.ts';
import { contextType, type ProbePlan } from './probe/plan.ts';
import { planProbe } from './probe/probes.ts';
import { type Declarations, ProgramState } from './program-state.ts';
import { layoutOf, type Shape, structLayout, u64 } from './schema.ts';
import type { FunctionSource } from './source.ts';

export type AnyMap = MapDeclaration<MapKind, unknown>;
export type Body = (...args: never[]) => unknown;

/** A definition without its TypeScript types. */
export interface Definition {
  readonly params: ReadonlyMap<string, bigint | number | boolean>;
  readonly maps: ReadonlyMap<string, AnyMap>;
  readonly functions: ReadonlyMap<string, FunctionSource>;
  readonly probes: ReadonlyMap<string, FunctionSource>;
}

export interface CompiledProbe {
  readonly probe: string;
  readonly program: string;
  readonly plan: ProbePlan;
  /** Frames, functions and instructions, for people who look. */
  readonly code: CompiledProgram;
}

export interface CompiledDefinition {
  readonly spec: CollectionSpec;
  readonly probes: readonly CompiledProbe[];
  /** Loss counters by map name. */
  readonly lossIndex: ReadonlyMap<string, number>;
}

/** Throws ProgramError at the first place that cannot be compiled. */
export function compileDefinition(definition: Definition, environment: Environment): CompiledDefinition {
  checkNames(definition);
  const losses = new Losses(
    [...definition.maps].filter(([, map]) => canLose(map)).map(([name]) => name),
    environment.possibleCpus,
  );
  const declarations: Declarations = { ...definition, losses };
  const btf = new BtfBuilder();
  const types = new TypeWriter(btf);
  const inKernel = [...definition.maps].filter(([, map]) => map.kind !== 'rows');
  const maps: MapSpec[] = inKernel.map(([name, map]) => mapSpec(name, map, types));
  const programs: ProgramSpec[] = [];
  const probes: CompiledProbe[] = [];
  for (const [probe, source] of definition.probes) {
    const plan = planProbe(probe, environment, {
      readsArguments: mentions(source.node, 'args'),
      fields: fieldsRead(source.node),
    });
    const name = programName(probe, probes.length);
    const scratch = `scratch_${probes.length}`;
    const state = new ProgramState(environment, declarations);
    const module = lowerProbe(name, plan, source, state);
    const code = compileModule(module, { isa: environment.isa, scratch: { map: scratch } });
    if (code.scratchBytes > 0) {
      const valueSize = code.scratchBytes;
      maps.push({ name: scratch, type: MapType.perCpuArray, keySize: 4, valueSize, maxEntries: 1 });
    }
    programs.push({
      name,
      type: plan.programType,
      ...(plan.attachType === undefined ? {} : { attachType: plan.attachType }),
      ...(plan.attachTarget === undefined ? {} : { attachTarget: plan.attachTarget }),
      ...(state.sleeps ? { sleepable: true } : {}),
      instructions: code.instructions,
      functions: code.functions.map(
        (fn): FunctionInfo => ({
          slot: fn.slot,
          name: fn.name,
          type: types.functionType(fn.name, fn.role === 'entry', fn.parameters.length),
        }),
      ),
      lines: code.lines,
    });
    probes.push({ probe, program: name, plan, code });
  }
  const lost = losses.spec();
  if (lost) maps.push(lost);
  return { spec: { btf: btf.encode(), maps, programs }, probes, lossIndex: losses.index };
}

// BPF_F_NO_PREALLOC of include/uapi/linux/bpf.h.
const noPreallocation = 1;

/** LRU maps make room by design; arrays are always there; the others can refuse an entry or an event. */
function canLose(map: AnyMap): boolean {
  switch (map.kind) {
    case 'array':
    case 'perCpuArray':
    case 'stackTrace':
    case 'rows':
      return false;
    case 'log2Histogram':
      return map.key !== undefined;
    case 'linearHistogram':
      return false;
    default:
      return true;
  }
}

function checkNames({ maps, params, functions, probes }: Definition): void {
  const seen = new Map<string, string>();
  for (const [kind, names] of [
    ['map', maps],
    ['param', params],
    ['function', functions],
  ] as const) {
    for (const name of names.keys()) {
      const before = Object.hasOwn(builtins, name) ? 'built-in' : seen.get(name);
      if (before) throw new ProgramError(messages.nameClash(name, `as a ${before} and as a ${kind}`));
      seen.set(name, kind);
    }
  }
  for (const [name, source] of probes) {
    if (source.node.params.length !== 1) throw new ProgramError(messages.oneParameter(name));
  }
}

// Programs

function lowerProbe(name: string, plan: ProbePlan, source: FunctionSource, program: ProgramState): IrModule {
  const entry = lowerFunction({
    name,
    role: 'entry',
    source,
    program,
    plan,
    parameters: [{ name: 'ctx', type: contextType }],
  });
  const functions = [entry];
  // Lowering a function may use further ones: the list grows while it is walked.
  for (const used of program.used) {
    const body = program.functions.get(used);
    if (!body) continue;
    const parameters = body.node.params.slice(1).map((_, i) => ({ name: `a${i}`, type: scalar64 }));
    functions.push(
      lowerFunction({
        name: used,
        role: 'static',
        source: body,
        program,
        plan: withoutContext(plan),
        parameters,
      }),
    );
  }
  // __bpf_trace_run in kernel/trace/bpf_trace.c
  const resultIgnored =
    plan.programType === ProgramType.rawTracepoint || plan.attachType === AttachType.traceRawTp;
  return { name, functions, resultIgnored };
}

/** A function beside the probes is called by any of them: it has no arguments of its own kind of probe. */
function withoutContext(plan: ProbePlan): ProbePlan {
  return {
    title: 'a function',
    programType: plan.programType,
    attachment: plan.attachment,
    typedPointers: plan.typedPointers,
    member: () => undefined,
    names: () => [],
    explain: (name) => (plan.explain(name) ? 'Read it in the probe and pass it as a number.' : undefined),
  };
}

function lowerFunction(options: {
  name: string;
  role: IrFunction['role'];
  source: FunctionSource;
  program: ProgramState;
  plan: ProbePlan;
  parameters: IrFunction['parameters'];
}): IrFunction {
  const { name, role, source, program, plan, parameters } = options;
  const [context, ...rest] = source.node.params;
  if (context?.type !== 'Identifier') throw new ProgramError(messages.oneParameter(source.name));
  if (rest.length > 4 || rest.some((parameter) => parameter.type !== 'Identifier')) {
    throw new ProgramError(messages.plainParameters(source.name));
  }
  const builder = new FunctionBuilder(name, role, parameters);
  const l = new Lowering({
    builder,
    program,
    probe: plan,
    source,
    contextName: context.name,
    assigned: assignedNames(source.node),
    returns: role === 'entry' ? 'nothing' : 'number',
  });
  for (const [i, parameter] of rest.entries()) {
    if (parameter.type !== 'Identifier') continue;
    const operand = {
      kind: 'scalar',
      value: builder.parameter(i),
      type: { kind: 'int', bits: 64, signed: true },
    } as const;
    if (!l.assigned.has(parameter.name)) {
      l.scopes[0].set(parameter.name, { kind: 'constant', operand });
      continue;
    }
    const variable = builder.variable(parameter.name);
    builder.write(variable, operand.value);
    l.scopes[0].set(parameter.name, { kind: 'variable', variable, shape: operand });
  }
  l.at(source.node.body);
  if (role === 'entry') plan.prologue?.(l);
  const { body } = source.node;
  if (body.type === 'BlockStatement') {
    statements(l, body.body);
    if (builder.open) builder.return(builder.constant(0));
  } else {
    const operand = expression(l, body);
    builder.return(role === 'entry' ? builder.constant(0) : scalarOf(l, operand, body).value);
  }
  const fn = builder.finish();
  initialiseRecords(fn, l.records);
  return fn;
}

/** True if the body reads a property of this name anywhere, also by a pattern: `const { args } = k`. */
function mentions(node: Node, property: string): boolean {
  if (takesApart(node, property)) return true;
  if (node.type === 'MemberExpression') {
    const { property: found } = node as Node & { property: Node & { name?: string } };
    if (found.name === property) return true;
  }
  return Object.values(node).some((value) =>
    (Array.isArray(value) ? value : [value]).some(
      (child) =>
        child && typeof child === 'object' && typeof child.type === 'string' && mentions(child, property),
    ),
  );
}

/** `{ args }`, `{ args: a }` */
function takesApart(node: Node, property: string): boolean {
  if (node.type !== 'Property') return false;
  return (node as Node & { key: Node & { name?: string } }).key.name === property;
}

/** What the body reads of k.args, if it reads nothing but its fields by name; undefined otherwise. */
function fieldsRead(node: Node): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  let whole = false;
  const isArguments = (one: unknown): boolean =>
    (one as { type?: string }).type === 'MemberExpression' &&
    (one as { property: { name?: string } }).property.name === 'args';
  const look = (one: Node): void => {
    const { object, property, computed } = one as Node & {
      object?: Node;
      property?: Node;
      computed?: boolean;
    };
    if (one.type === 'MemberExpression' && object && isArguments(object)) {
      const { name } = property as Node & { name?: string };
      if (computed || name === undefined || name === 'args') whole = true;
      else names.add(name);
      const { object: context } = object as Node & { object: Node };
      look(context);
      return;
    }
    if (isArguments(one) || takesApart(one, 'args')) whole = true;
    for (const value of Object.values(one)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child && typeof child === 'object' && typeof child.type === 'string') look(child);
      }
    }
  };
  look(node);
  return whole ? undefined : names;
}

/** At most 15 characters of the probe's last part, or of the whole where that is a number: what bpftool shows. */
function programName(probe: string, index: number): string {
  const last = probe.split(':').pop() ?? probe;
  const name = (/^\d/.test(last) ? probe : last).replace(/[^A-Za-z0-9_]/g, '_');
  return index === 0 ? name.slice(0, 15) : `${name.slice(0, 12)}_${index}`.slice(0, 15);
}

// Maps and types

const mapTypes = {
  hash: MapType.hash,
  lruHash: MapType.lruHash,
  perCpuHash: MapType.perCpuHash,
  lruPerCpuHash: MapType.lruPerCpuHash,
  array: MapType.array,
  perCpuArray: MapType.perCpuArray,
  lpmTrie: MapType.lpmTrie,
  queue: MapType.queue,
  stack: MapType.stack,
  stackTrace: MapType.stackTrace,
  ringbuf: MapType.ringBuffer,
  log2Histogram: MapType.perCpuArray,
  linearHistogram: MapType.perCpuArray,
} as const satisfies Record<Exclude<MapKind, 'rows'>, MapType>;

/** Frames of a stack trace map: PERF_MAX_STACK_DEPTH of include/uapi/linux/perf_event.h. */
const stackFrames = 127;

function mapSpec(name: string, map: AnyMap, types: TypeWriter): MapSpec {
  if (map.kind === 'rows') throw new Error('internal: rows are no map');
  const type = mapTypes[map.kind];
  switch (map.kind) {
    case 'ringbuf':
      return { name, type, keySize: 0, valueSize: 0, maxEntries: map.size };
    case 'stackTrace':
      return { name, type, keySize: 4, valueSize: stackFrames * 8, maxEntries: map.size };
    case 'queue':
    case 'stack': {
      const value = map.value ?? u64.shape;
      return { name, type, keySize: 0, valueSize: layoutOf(value).size, maxEntries: map.size };
    }
    case 'log2Histogram':
    case 'linearHistogram': {
      const key = histogramKey(map);
      const classes = map.linear ? linearClasses(map.linear) : log2Classes;
      return {
        name,
        type: map.key ? MapType.perCpuHash : type,
        ...sized(key, u64.shape, types),
        maxEntries: map.key ? map.size : classes,
      };
    }
    default: {
      const spec = {
        name,
        type,
        ...sized(map.key ?? u64.shape, map.value ?? u64.shape, types),
        maxEntries: map.size,
      };
      return map.kind === 'lpmTrie' ? { ...spec, flags: noPreallocation } : spec;
    }
  }
}

function sized(
  key: Shape,
  value: Shape,
  types: TypeWriter,
): Pick<MapSpec, 'keySize' | 'valueSize' | 'keyType' | 'valueType'> {
  return {
    keySize: layoutOf(key).size,
    valueSize: layoutOf(value).size,
    keyType: types.typeOf(key),
    valueType: types.typeOf(value),
  };
}

/** Writes shapes as BTF: what bpftool shows of maps, and what the verifier wants of functions. */
class TypeWriter {
  readonly #btf: BtfBuilder;

  constructor(btf: BtfBuilder) {
    this.#btf = btf;
  }

  typeOf(shape: Shape): TypeId {
    const btf = this.#btf;
    switch (shape.kind) {
      case 'int':
        return btf.int(shape.name, (shape.bits / 8) as 1, shape.signed ? 'signed' : 'unsigned');
      case 'bool':
        return btf.int('bool', 1, 'bool');
      case 'chars':
        return btf.array(btf.int('char', 1, 'signed'), shape.length);
      case 'bytes':
        return btf.array(btf.int('u8', 1, 'unsigned'), shape.length);
      case 'array':
        return btf.array(this.typeOf(shape.element), shape.length);
      case 'struct': {
        const { offsets, size } = structLayout(shape.fields);
        const members = shape.fields.map((field, i) => ({
          name: field.name,
          type: this.typeOf(field.shape),
          bitOffset: offsets[i] * 8,
        }));
        return btf.struct(shape.name, size, members);
      }
    }
  }

  /** `int entry(void *ctx)`, or `u64 name(u64, ...)` for a sub-program. */
  functionType(name: string, entry: boolean, parameters: number): TypeId {
    const btf = this.#btf;
    const number = btf.int('u64', 8, 'unsigned');
    const returns = entry ? btf.int('int', 4, 'signed') : number;
    const list = Array.from({ length: parameters }, (_, i) => ({
      name: entry ? 'ctx' : `a${i}`,
      type: entry ? btf.pointer(0) : number,
    }));
    // JavaScript allows more in a name than BTF does.
    return btf.add({
      kind: 'function',
      name: name.replace(/\W/g, '_'),
      prototype: btf.prototype(returns, list),
      linkage: 0,
    });
  }
}
