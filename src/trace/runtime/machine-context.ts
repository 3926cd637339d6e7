/** What printing asks of this machine (print/context.ts): looked up when it is first needed, and kept. */

import { kernelPlace as placeInKernel } from '../../kernel/symbol/kernel-symbols.ts';
import { UserSymbols, type UserSymbolsOptions } from '../../kernel/symbol/user-symbols.ts';
import { syscallName } from '../../script/emit/syscall-numbers.ts';
import { Clock, clockDifference } from '../../sys/clock.ts';
import type { BuildIdFrame, Place, PrintContext, Clock as ScriptClock } from '../print/context.ts';
import { localZone, type Zone } from '../print/zone.ts';
import type { StackType } from '../types/type.ts';
import { CgroupPaths } from './cgroup-paths.ts';
import { GfpFlags } from './gfp-flags.ts';
import { userNames } from './user-names.ts';

/** The stacks that the script's programs took. */
export interface StackSource {
  stack(type: StackType, id: bigint): readonly bigint[] | undefined;
  buildIdStack(type: StackType, id: bigint): readonly BuildIdFrame[] | undefined;
}

export interface MachineContextOptions {
  /** `str_trunc_trailer`. */
  readonly trailer: string;
  readonly stacks: StackSource;
  /** How names of functions of processes are found and kept. */
  readonly symbols?: UserSymbolsOptions;
  /** The program that a probe of the script is in, by its index. */
  readonly programOf?: (probe: number) => string | undefined;
  /** Names of functions of processes. Default: by their mappings and files. */
  readonly userPlace?: PrintContext['userPlace'];
  readonly zone?: Zone;
}

const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
const clocks = { boot: Clock.boot, monotonic: Clock.monotonic, tai: Clock.tai, sw_tai: Clock.tai } as const;

export function machineContext(options: MachineContextOptions): PrintContext {
  const { trailer, stacks } = options;
  let zone = options.zone;
  const places = new Map<bigint, Place | undefined>();
  const offsets = new Map<ScriptClock, bigint>();
  let users: ReadonlyMap<number, string> | undefined;
  let symbols: UserSymbols | undefined;
  const userPlace: PrintContext['userPlace'] = (address, pid, probe, frame) => {
    symbols ??= new UserSymbols(options.symbols);
    return symbols.at(pid, address, options.programOf?.(probe), frame);
  };
  const cgroups = new CgroupPaths();
  const syscalls = new Map<number, string | undefined>();
  const gfp = new GfpFlags();

  const kernelPlace = (address: bigint): Place | undefined => {
    if (places.has(address)) return places.get(address);
    const found = placeInKernel(address);
    const place = found && { name: found.symbol.name, offset: found.offset, module: found.symbol.module };
    places.set(address, place);
    return place;
  };

  return {
    trailer,
    get zone() {
      zone ??= localZone();
      return zone;
    },
    clockOffset(clock) {
      let offset = offsets.get(clock);
      if (offset === undefined) offsets.set(clock, (offset = clockDifference(clocks[clock], Clock.realtime)));
      return offset;
    },
    kernelPlace,
    userPlace: options.userPlace ?? userPlace,
    stack: (type, id) => stacks.stack(type, id),
    buildIdStack: (type, id) => stacks.buildIdStack(type, id),
    userName: (uid) => (users ??= userNames()).get(uid),
    cgroupPath: (id, filter) => cgroups.path(id, filter),
    syscallName(number) {
      if (!syscalls.has(number)) syscalls.set(number, syscallName(architecture, number));
      return syscalls.get(number);
    },
    gfpFlags: (flags) => gfp.text(flags),
  };
}
