/**
 * One dispatcher from SEC names to links: where a program goes is what its SEC says, unless the options say otherwise.
 */

import type { Btf } from '../btf/btf.ts';
import { programText } from '../kernel/errors.ts';
import { attachCgroup, attachLsmCgroup } from '../kernel/link/cgroup.ts';
import { AttachError, type Suggest } from '../kernel/link/errors.ts';
import { attachExtension } from '../kernel/link/extension.ts';
import type { IteratorScope } from '../kernel/link/iterator.ts';
import { attachIterator } from '../kernel/link/iterator.ts';
import { attachKprobe, attachKretprobe } from '../kernel/link/kprobe.ts';
import { attachKprobes } from '../kernel/link/kprobe-multi.ts';
import type { AttachedLink } from '../kernel/link/link.ts';
import { attachLirc } from '../kernel/link/lirc.ts';
import { attachLightweightTunnel, type LightweightTunnelOptions } from '../kernel/link/lwt.ts';
import { attachFlowDissector, attachSkLookup } from '../kernel/link/namespace.ts';
import { attachNetfilter, type NetfilterOptions } from '../kernel/link/netfilter.ts';
import { attachNetkit } from '../kernel/link/netkit.ts';
import type { Order } from '../kernel/link/order.ts';
import { attachPerfEvent, type PerfEventOptions } from '../kernel/link/perf-event.ts';
import { attachRawTracepoint } from '../kernel/link/raw-tracepoint.ts';
import { attachReuseport, attachSocketFilter, type SocketLike } from '../kernel/link/socket-filter.ts';
import { attachSockmap, type SockmapRole } from '../kernel/link/sockmap.ts';
import { attachTc } from '../kernel/link/tc.ts';
import { attachTcAction } from '../kernel/link/tc-action.ts';
import { attachTcx } from '../kernel/link/tcx.ts';
import { attachTracepoint } from '../kernel/link/tracepoint.ts';
import { attachLsm, attachTracing } from '../kernel/link/tracing.ts';
import { attachTracingMulti } from '../kernel/link/tracing-multi.ts';
import { attachUprobe, attachUretprobe } from '../kernel/link/uprobe.ts';
import { attachUprobes } from '../kernel/link/uprobe-multi.ts';
import { matchingUserFunctions, resolveUserFunction } from '../kernel/link/user-function.ts';
import { attachXdp } from '../kernel/link/xdp.ts';
import type { BpfMap } from '../kernel/map/map.ts';
import { tracefs } from '../kernel/mounts.ts';
import type { Program } from '../kernel/program/program.ts';
import { AttachType, ProgramType } from '../kernel/spec.ts';
import { kernelSymbols, probeableFunctions } from '../kernel/symbol/kernel-symbols.ts';
import { listTracepoints } from '../kernel/tracepoint/list.ts';
import { vmlinux } from '../kernel/vmlinux.ts';
import { nearKernelFunctions } from '../symbol/near.ts';
import type { Fd } from '../sys/fd.ts';
import { globMatcher } from '../text/glob.ts';
import { nearestNames } from '../text/nearest.ts';
import { ObjectError } from './errors.ts';
import { syscallPrefix } from './load/externs.ts';
import { kernelPlace, tracepointName, usdtPlace, userPlace } from './place.ts';
import type { SectionRule } from './sections.ts';
import type { ObjectProgram } from './spec.ts';
import type { UsdtSpecs } from './usdt.ts';

/** What a program needs beside its SEC name; each kind takes its own. */
export interface AttachOptions {
  /** Instead of what stands behind the name in SEC: `do_unlinkat`, `/usr/bin/bash:readline`, `sched/sched_switch`. */
  readonly target?: string;
  /** What `bpf_get_attach_cookie` answers: kprobe, uprobe, tracepoint, tracing. */
  readonly cookie?: bigint;
  /** Only this process: uprobe, usdt, perf_event. */
  readonly pid?: number;
  /** Name or number: xdp, tc, action, tcx, netkit, lwt_in and the like. */
  readonly interface?: string | number;
  /** XDP: by the driver, or by the generic code. Default: what the driver can. */
  readonly mode?: 'native' | 'generic' | 'hardware';
  /** tc, action: which way (tcx and netkit have it in SEC). */
  readonly direction?: 'ingress' | 'egress';
  /** tc, action: the place of the filter among others. Default: chosen by the kernel. */
  readonly filter?: { readonly priority?: number; readonly handle?: number };
  /** tcx, netkit, cgroup: the place among others. Default: last. */
  readonly order?: Order;
  /** A directory of a cgroup2 file system. */
  readonly cgroup?: string;
  /** sk_lookup, flow_dissector: path of a network namespace. Default: this one. */
  readonly namespace?: string;
  /** sk_skb, sk_msg: the sockmap. */
  readonly map?: BpfMap;
  /** socket, sk_reuseport. */
  readonly socket?: SocketLike;
  /** iter: what to walk over. Default: everything. */
  readonly scope?: IteratorScope;
  /** netfilter: which hook. */
  readonly netfilter?: NetfilterOptions;
  /** lwt_in, lwt_out, lwt_xmit, lwt_seg6local: the network that the route leads to, `10.9.0.0/24`. */
  readonly destination?: string;
  /** lwt_xmit: bytes that the program may put before a packet. Default 0. */
  readonly headroom?: number;
  /** lirc_mode2: the file of an infrared receiver, `/dev/lirc0`. */
  readonly receiver?: string;
  /** perf_event: how often. */
  readonly perf?: PerfEventOptions;
  /** freplace: another program than the one that it was loaded for. */
  readonly program?: { readonly fd: Fd };
}

/** Whether SEC alone says where the program goes, so that a whole object can be attached without options. */
export function saysWhere({ rule, target }: ObjectProgram): boolean {
  switch (rule?.attach) {
    case 'tracing':
    case 'tracingMulti':
    case 'lsm':
    case 'iterator':
    case 'extension':
    case 'kprobe':
    case 'kretprobe':
    case 'ksyscall':
    case 'kretsyscall':
    case 'kprobeMulti':
    case 'kretprobeMulti':
    case 'kprobeSession':
    case 'uprobe':
    case 'uretprobe':
    case 'uprobeMulti':
    case 'uretprobeMulti':
    case 'uprobeSession':
    case 'usdt':
    case 'tracepoint':
    case 'rawTracepoint':
      return target !== '';
    default:
      return false;
  }
}

/** Attaches a loaded program. Throws AttachError; ObjectError (use) where something is missing that SEC does not say. */
export function attachBySection(
  file: string,
  spec: ObjectProgram,
  program: Program,
  usdtSpecs: UsdtSpecs,
  options: AttachOptions = {},
): AttachedLink {
  try {
    return new Attaching(file, spec, program, usdtSpecs, options).run();
  } catch (error) {
    throw error instanceof AttachError ? error.ofSection(spec.section) : error;
  }
}

const nearFunctions: Suggest = (name) => nearKernelFunctions(kernelSymbols(), name);

/** The same for system calls, by the name that SEC has: `openat` of `__x64_sys_openat`. */
const nearSyscalls: Suggest = (name) => {
  const prefix = syscallPrefix() ?? 'sys_';
  const names = Array.from(probeableFunctions(), (one) => one.name).filter((one) => one.startsWith(prefix));
  return nearestNames(name.replace(prefix, ''), new Set(names.map((one) => one.slice(prefix.length))));
};

/** The kernel refuses a name that two functions have, and one of a list that it does not know. */
function matchingFunctions(pattern: string): string[] {
  const matches = globMatcher(pattern);
  const counts = new Map<string, number>();
  for (const { name } of probeableFunctions()) {
    if (matches(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].flatMap(([name, count]) => (count === 1 ? [name] : []));
}

const sockmapRoles: ReadonlyMap<AttachType | undefined, SockmapRole> = new Map([
  [AttachType.skMsgVerdict, 'message'],
  [AttachType.skSkbStreamParser, 'parser'],
  [AttachType.skSkbStreamVerdict, 'streamVerdict'],
  [AttachType.skSkbVerdict, 'verdict'],
]);

const routeDirections: ReadonlyMap<ProgramType, LightweightTunnelOptions['direction']> = new Map([
  [ProgramType.lwtIn, 'in'],
  [ProgramType.lwtOut, 'out'],
  [ProgramType.lwtXmit, 'xmit'],
  [ProgramType.lwtSeg6local, 'seg6local'],
]);

class Attaching {
  readonly #file: string;
  readonly #spec: ObjectProgram;
  readonly #program: Program;
  readonly #usdtSpecs: UsdtSpecs;
  readonly #options: AttachOptions;

  constructor(
    file: string,
    spec: ObjectProgram,
    program: Program,
    usdtSpecs: UsdtSpecs,
    options: AttachOptions,
  ) {
    this.#file = file;
    this.#spec = spec;
    this.#program = program;
    this.#usdtSpecs = usdtSpecs;
    this.#options = options;
  }

  run(): AttachedLink {
    const rule = this.#spec.rule!;
    const program = this.#program;
    const options = this.#options;
    switch (rule.attach) {
      case 'kprobe':
        return this.#kprobe(this.#target('FUNCTION'), false);
      case 'kretprobe':
        return this.#kprobe(this.#target('FUNCTION'), true);
      case 'ksyscall':
        return this.#kprobe(this.#syscall(), false, nearSyscalls);
      case 'kretsyscall':
        return this.#kprobe(this.#syscall(), true, nearSyscalls);
      case 'kprobeMulti':
        return this.#kprobes({});
      case 'kretprobeMulti':
        return this.#kprobes({ atReturn: true });
      case 'kprobeSession':
        return this.#kprobes({ session: true });
      case 'usdt':
        return this.#usdt();
      case 'uprobeSession':
        return this.#uprobes({ session: true });
      case 'uprobe':
        return this.#uprobe(false);
      case 'uretprobe':
        return this.#uprobe(true);
      case 'uprobeMulti':
        return this.#uprobes({});
      case 'uretprobeMulti':
        return this.#uprobes({ atReturn: true });
      case 'tracepoint': {
        const text = this.#target('CATEGORY/NAME');
        const name = tracepointName(text);
        if (name === undefined) throw this.#wrong(`"${text}" is not CATEGORY/NAME`);
        return attachTracepoint(program, name, this.#cookie());
      }
      case 'rawTracepoint':
        return attachRawTracepoint(program, this.#target('NAME'), {
          ...this.#cookie(),
          suggest: nearRawTracepoints,
        });
      case 'tracing':
        return attachTracing(program, this.#tracingOptions(rule));
      case 'tracingMulti':
        return this.#tracingMulti(rule);
      case 'lsm':
        return attachLsm(program, this.#tracingOptions(rule));
      case 'lsmCgroup':
        return attachLsmCgroup(program, this.#need('cgroup', 'the directory of a control group'));
      case 'iterator': {
        const scope = options.scope === undefined ? {} : { scope: options.scope };
        return attachIterator(program, { target: this.#target('KIND'), ...scope });
      }
      case 'extension': {
        const other = options.program === undefined ? {} : { program: options.program };
        return attachExtension(program, { function: this.#target('FUNCTION'), ...other });
      }
      case 'perfEvent':
        return attachPerfEvent(program, this.#perf());
      case 'cgroup': {
        const order = options.order === undefined ? {} : { order: options.order };
        const cgroup = this.#need('cgroup', 'the directory of a control group');
        return attachCgroup(program, cgroup, { attachType: rule.attachType!, ...order });
      }
      case 'xdp':
      case 'tc':
      case 'tcAction':
      case 'tcx':
      case 'netkit':
        return this.#onInterface(rule);
      case 'netns': {
        const where = options.namespace === undefined ? {} : { namespace: options.namespace };
        return rule.attachType === AttachType.skLookup
          ? attachSkLookup(program, where)
          : attachFlowDissector(program, where);
      }
      case 'netfilter':
        return attachNetfilter(program, this.#need('netfilter', 'family, hook and priority'));
      case 'sockmap': {
        const map = this.#need('map', 'a sockmap or sockhash');
        return attachSockmap(program, map, { role: sockmapRoles.get(rule.attachType)! });
      }
      case 'route':
        return this.#route(rule);
      case 'lirc':
        return attachLirc(program, this.#need('receiver', 'the file of an infrared receiver'));
      case 'socket':
        return attachSocketFilter(program, this.#need('socket', 'a socket'));
      case 'reuseport':
        return attachReuseport(program, this.#need('socket', 'a socket'));
      case 'structOps':
        throw this.#wrong('it is a part of a structure: attach that, by its name (attachStructOps)');
      case 'none':
        throw this.#wrong(
          'programs of this kind are not attached by themselves, but used through maps or test runs',
        );
    }
  }

  #onInterface(rule: SectionRule): AttachedLink {
    const { mode, order, direction } = this.#options;
    const program = this.#program;
    const device = this.#need('interface', 'the name or number of an interface');
    const ordered = order === undefined ? {} : { order };
    switch (rule.attach) {
      case 'xdp':
        return attachXdp(program, device, mode === undefined ? {} : { mode });
      case 'netkit': {
        const side = rule.attachType === AttachType.netkitPrimary ? 'primary' : 'peer';
        return attachNetkit(program, device, { side, ...ordered });
      }
      case 'tcx': {
        const way = rule.attachType === AttachType.tcxIngress ? 'ingress' : 'egress';
        return attachTcx(program, device, { direction: way, ...ordered });
      }
      default:
        if (direction === undefined) throw this.#missing('direction', "'ingress' or 'egress'");
        return (rule.attach === 'tc' ? attachTc : attachTcAction)(program, device, {
          direction,
          ...this.#options.filter,
        });
    }
  }

  #route(rule: SectionRule): AttachedLink {
    const { headroom } = this.#options;
    return attachLightweightTunnel(this.#program, {
      destination: this.#need('destination', 'the network that the route leads to, ADDRESS/BITS'),
      interface: this.#need('interface', 'the name or number of an interface'),
      direction: routeDirections.get(rule.type)!,
      ...(headroom === undefined ? {} : { headroom }),
    });
  }

  #kprobe(text: string, atReturn: boolean, suggest: Suggest = nearFunctions): AttachedLink {
    const place = kernelPlace(text);
    if (place === undefined) throw this.#wrong(`"${text}" is not FUNCTION or FUNCTION+OFFSET`);
    const options = { offset: place.offset, suggest, ...this.#cookie() };
    return atReturn
      ? attachKretprobe(this.#program, place.symbol, options)
      : attachKprobe(this.#program, place.symbol, options);
  }

  /** A name, or a pattern of `*` and `?`: then all functions that ftrace knows and whose name is theirs alone. */
  #kprobes(how: { readonly atReturn?: boolean; readonly session?: boolean }): AttachedLink {
    const text = this.#target('FUNCTION or PATTERN');
    const symbols = /[*?]/.test(text) ? matchingFunctions(text) : [text];
    if (symbols.length === 0) throw this.#wrong(`no function of this kernel matches "${text}"`);
    const { cookie } = this.#options;
    const cookies = cookie === undefined ? {} : { cookies: symbols.map(() => cookie) };
    return attachKprobes(this.#program, { symbols, ...how, ...cookies, suggest: nearFunctions });
  }

  /** A name, or a pattern: then all functions that ftrace knows, whose arguments a trampoline can hand over. */
  #tracingMulti(rule: SectionRule): AttachedLink {
    const text = this.#target('FUNCTION or PATTERN');
    const types = vmlinux();
    const functions = /[*?]/.test(text)
      ? matchingFunctions(text).filter((name) => isTraceable(types, name))
      : [text];
    if (functions.length === 0) throw this.#wrong(`no function of this kernel matches "${text}"`);
    const { cookie } = this.#options;
    const cookies = cookie === undefined ? {} : { cookies: functions.map(() => cookie) };
    return attachTracingMulti(this.#program, { functions, attachType: rule.attachType!, ...cookies });
  }

  #usdt(): AttachedLink {
    const text = this.#target('BINARY:PROVIDER:NAME');
    const place = usdtPlace(text);
    if (place === undefined) throw this.#wrong(`"${text}" is not BINARY:PROVIDER:NAME`);
    const { pid } = this.#options;
    return this.#usdtSpecs.attach(this.#program, place, {
      ...(pid === undefined ? {} : { pid }),
      ...this.#cookie(),
    });
  }

  #syscall(): string {
    const name = this.#target('SYSCALL');
    return `${syscallPrefix() ?? 'sys_'}${name}`;
  }

  #uprobe(atReturn: boolean): AttachedLink {
    const { path, offset, symbol } = this.#userFunction();
    const { pid } = this.#options;
    const target = { path, offset, symbol, ...(pid === undefined ? {} : { pid }), ...this.#cookie() };
    return atReturn ? attachUretprobe(this.#program, target) : attachUprobe(this.#program, target);
  }

  #uprobes(how: { readonly atReturn?: boolean; readonly session?: boolean }): AttachedLink {
    const { path, functions } = this.#userFunctions();
    const { pid } = this.#options;
    const places = functions.map((one) => ({ ...one, ...this.#cookie() }));
    return attachUprobes(this.#program, { path, places, ...how, ...(pid === undefined ? {} : { pid }) });
  }

  /** One, or all that match a pattern of `*` and `?`. */
  #userFunctions(): ReturnType<typeof matchingUserFunctions> {
    const place = userPlace(this.#target('BINARY:PATTERN'));
    if (place !== undefined && /[*?]/.test(place.symbol) && place.offset === 0) {
      return matchingUserFunctions(this.#spec.name, place.binary, place.symbol, globMatcher(place.symbol));
    }
    const { path, offset, symbol } = this.#userFunction();
    return { path, functions: [{ symbol, offset }] };
  }

  #userFunction(): { readonly path: string; readonly offset: number; readonly symbol: string } {
    const text = this.#target('BINARY:FUNCTION');
    const place = userPlace(text);
    if (place === undefined)
      throw this.#wrong(`"${text}" is not BINARY:FUNCTION, BINARY:FUNCTION+OFFSET or BINARY:OFFSET`);
    const { path, offset } = resolveUserFunction(this.#spec.name, place.binary, place.symbol, place.offset);
    return { path, offset, symbol: place.symbol };
  }

  #tracingOptions(rule: SectionRule): Parameters<typeof attachTracing>[1] {
    const { cookie } = this.#options;
    const target = this.#spec.target;
    if (cookie === undefined) return { target };
    return { target, cookie: { value: cookie, attachType: rule.attachType! } };
  }

  #perf(): PerfEventOptions {
    const perf = this.#need('perf', 'a frequency or a period');
    const { pid } = this.#options;
    return { ...perf, ...(pid === undefined ? {} : { pid }), ...this.#cookie() };
  }

  #cookie(): { readonly cookie?: bigint } {
    const { cookie } = this.#options;
    return cookie === undefined ? {} : { cookie };
  }

  /** What SEC or the options say; `form` for the message. */
  #target(form: string): string {
    const target = this.#options.target ?? this.#spec.target;
    if (target === '')
      throw this.#missing('target', `${form}, which SEC("${this.#spec.section}") does not say`);
    return target;
  }

  #need<K extends keyof AttachOptions>(name: K, what: string): NonNullable<AttachOptions[K]> {
    const value = this.#options[name];
    if (value === undefined) throw this.#missing(name, what);
    return value as NonNullable<AttachOptions[K]>;
  }

  #missing(option: keyof AttachOptions, what: string): ObjectError {
    return this.#wrong(`the option "${option}" is missing: ${what}`);
  }

  #wrong(problem: string): ObjectError {
    return new ObjectError('use', { file: this.#file }, `attach ${programText(this.#spec)}: ${problem}`);
  }
}

/** Raw tracepoints have the names of tracepoints, without their category. */
function nearRawTracepoints(name: string): readonly string[] {
  const names = listTracepoints(tracefs()).map((tracepoint) => tracepoint.slice(tracepoint.indexOf(':') + 1));
  return nearestNames(name, new Set(names));
}

/** Trampolines hand over six words, and no structures (bpf_check_attach_target, arch_prepare_bpf_trampoline). */
function isTraceable(types: Btf, name: string): boolean {
  const [id, another] = types.findAll(name, 'function');
  if (id === undefined || another !== undefined) return false;
  const type = types.type(id);
  const prototype = type.kind === 'function' ? types.type(type.prototype) : undefined;
  if (prototype?.kind !== 'prototype' || prototype.parameters.length > 6) return false;
  // A parameter without a type: any number of them.
  return prototype.parameters.every((parameter) => {
    const kind = parameter.type === 0 ? undefined : types.type(types.strip(parameter.type)).kind;
    return kind === 'int' || kind === 'pointer' || kind === 'enum' || kind === 'enum64';
  });
}
