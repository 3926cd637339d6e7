/** What an object asks the running kernel for by name: functions, variables, configuration. */
import type { Instruction } from '../../asm/instruction.ts';
import { CALL, PseudoLoad } from '../../asm/opcodes.ts';
import type { Btf } from '../../btf/btf.ts';
import { declarationInC } from '../../btf/format.ts';
import { essentialName } from '../../btf/names.ts';
import type { BtfKind, TypeId } from '../../btf/types.ts';
import { helperFeature } from '../../kernel/feature/features.ts';
import { kernelFunctionReleases, kernelFunctionSince } from '../../kernel/feature/kfuncs.ts';
import { olderThan, runningVersion } from '../../kernel/feature/release.ts';
import { ProgramType } from '../../kernel/spec.ts';
import { kernelSymbols } from '../../kernel/symbol/kernel-symbols.ts';
import { findModule } from '../../kernel/types.ts';
import type { KernelSymbols } from '../../symbol/kallsyms.ts';
import { SysError } from '../../sys/errors.ts';
import type { Fd } from '../../sys/fd.ts';
import { didYouMean, nearestNames } from '../../text/nearest.ts';
import { typesAreCompatible } from '../core/compatible.ts';
import { ObjectError } from '../errors.ts';
import type { Replacement } from '../link.ts';
import type { ObjectExtern, ObjectInstruction, ObjectSpec } from '../spec.ts';
import { type Kconfig, runningKconfig, writeKconfig, writeNumber } from './kconfig.ts';
import { kernelVersionCode } from './kernel-version.ts';

/** Helper numbers that no kernel has: what the verifier's log shows of a call that must not be reached. */
export const MISSING_KFUNC = 2002000000;
export const MISSING_MAP = 2001000000;

/** Something found in the kernel's types or in a module's. */
interface Found {
  readonly id: TypeId;
  readonly module: { readonly name: string; readonly fd: Fd } | undefined;
}

export interface ExternsOptions {
  readonly kernelTypes: () => Btf;
  /** Instead of the running kernel's. */
  readonly kconfig?: Kconfig | undefined;
}

/** Looks names up in the running kernel, each once. Owns descriptors of module types until `close`. */
export class KernelNames {
  readonly #spec: ObjectSpec;
  readonly #options: ExternsOptions;
  readonly #found = new Map<string, Found | undefined>();
  /** Modules whose functions are called: their place is what `offset` of the call says; 0 is the kernel. */
  readonly #modules: { readonly name: string; readonly fd: Fd }[] = [];
  readonly #opened: Fd[] = [];
  #symbols: KernelSymbols | undefined;

  constructor(spec: ObjectSpec, options: ExternsOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  /** For BPF_PROG_LOAD's `fd_array`; undefined while only the kernel itself is called. */
  get descriptors(): Int32Array | undefined {
    if (this.#modules.length === 0) return undefined;
    return Int32Array.of(0, ...this.#modules.map(({ fd }) => fd.number));
  }

  close(): void {
    for (const fd of this.#opened) fd.close();
  }

  /** A call of a kernel function. Throws ObjectError (extern) for one that is neither there nor weak. */
  call(instruction: ObjectInstruction, name: string): Replacement {
    const extern = this.#extern(name, 'kfunc');
    const found = this.#typed(extern, 'function');
    const { reference: _, ...rest } = instruction;
    if (found === undefined) {
      const index = this.#spec.externs.indexOf(extern);
      const missing: Instruction = { opcode: CALL, dst: 0, src: 0, offset: 0, imm: MISSING_KFUNC + index };
      return {
        instructions: [missing],
        reason: {
          reason: withoutFunction(essentialName(name)),
          hint: `test with bpf_ksym_exists(${name}) before the call`,
        },
      };
    }
    return { instructions: [{ ...rest, imm: found.id, offset: this.#moduleIndex(found) }] };
  }

  /** The address of something in the kernel. Throws ObjectError (extern). */
  address(instruction: ObjectInstruction, name: string): Replacement {
    const extern = this.#spec.externs.find((one) => one.name === name && one.kind !== 'kconfig');
    if (extern === undefined) throw this.#error(name, 'it is not declared');
    const { reference: _, ...rest } = instruction;
    const load = (src: number, imm64: bigint): Replacement => ({
      instructions: [
        { ...rest, src, imm: Number(BigInt.asIntN(32, imm64)), imm64: BigInt.asUintN(64, imm64) },
      ],
    });
    if (extern.type === undefined) return load(PseudoLoad.constant, this.#symbolAddress(extern));
    // Of functions too: whether it is there is asked by comparing its address with 0.
    const found = this.#typed(extern, extern.kind === 'kfunc' ? 'function' : 'variable');
    if (found === undefined) return load(PseudoLoad.constant, 0n);
    const upper = BigInt(found.module?.fd.number ?? 0) << 32n;
    return load(PseudoLoad.btfId, upper | BigInt(found.id));
  }

  #extern(name: string, kind: ObjectExtern['kind']): ObjectExtern {
    const extern = this.#spec.externs.find((one) => one.name === name && one.kind === kind);
    if (extern === undefined) throw this.#error(name, 'it is not declared');
    return extern;
  }

  /** The kernel's function or variable, if its type is what the object says. */
  #typed(extern: ObjectExtern, kind: 'function' | 'variable'): Found | undefined {
    if (this.#found.has(extern.name)) return this.#found.get(extern.name);
    const found = this.#search(extern, kind);
    this.#found.set(extern.name, found);
    return found;
  }

  #search(extern: ObjectExtern, kind: 'function' | 'variable'): Found | undefined {
    const name = kind === 'function' ? essentialName(extern.name) : extern.name;
    const kernel = this.#options.kernelTypes();
    const id = kernel.find(name, kind);
    let found: (Found & { readonly types: Btf }) | undefined =
      id === undefined ? undefined : { id, module: undefined, types: kernel };
    found ??= this.#inModules(name, kind);
    if (found === undefined) {
      if (extern.weak) return undefined;
      throw kind === 'function' ? this.#noFunction(extern, kernel) : this.#noVariable(extern, kernel);
    }
    const local = this.#spec.types!;
    const own = local.type(extern.type!);
    const theirs = found.types.type(found.id);
    const localType = own.kind === 'function' ? own.prototype : extern.type!;
    const kernelType =
      theirs.kind === 'function' ? theirs.prototype : theirs.kind === 'variable' ? theirs.type : 0;
    // The verifier checks a call by the kernel's types, so `struct task_struct;` of the object says enough.
    if (typesAreCompatible(local, local.strip(localType), found.types, found.types.strip(kernelType), true))
      return found;
    if (extern.weak) return undefined;
    const [its, ours] = [
      declarationInC(found.types, kernelType, name),
      declarationInC(local, localType, name),
    ];
    throw this.#error(
      extern.name,
      `this kernel has "${its}", the object declares "${ours}"`,
      'declare it as the kernel does',
    );
  }

  #inModules(name: string, kind: BtfKind): (Found & { readonly types: Btf }) | undefined {
    try {
      return findModule(({ name: module, types, fd }) => {
        const id = types.find(name, kind);
        if (id === undefined) return undefined;
        this.#opened.push(fd);
        return { id, module: { name: module, fd }, types };
      });
    } catch (error) {
      // Without the right to list types, there are no modules to look into.
      if (error instanceof SysError) return undefined;
      throw error;
    }
  }

  #moduleIndex({ module }: Found): number {
    if (module === undefined) return 0;
    const known = this.#modules.findIndex((one) => one.name === module.name);
    return known >= 0 ? known + 1 : this.#modules.push(module);
  }

  #symbolAddress(extern: ObjectExtern): bigint {
    this.#symbols ??= kernelSymbols();
    const found = this.#symbols.find(extern.name);
    const first = found[0];
    if (first === undefined) {
      if (extern.weak) return 0n;
      const near = didYouMean(this.#nearSymbols(extern.name));
      throw this.#error(extern.name, 'this kernel has no such symbol', near ?? weakAddress);
    }
    if (found.some(({ address }) => address !== first.address)) {
      const where = found.map(({ module }) => module ?? 'the kernel').join(', ');
      throw this.#error(extern.name, `this kernel has ${found.length} symbols of that name (in ${where})`);
    }
    if (first.address === 0n && this.#symbols.addressesHidden) {
      throw this.#error(
        extern.name,
        'the kernel hides its addresses (kernel.kptr_restrict, or CAP_SYSLOG is missing)',
      );
    }
    return first.address;
  }

  #nearSymbols(name: string): string[] {
    return nearestNames(name, new Set(this.#symbols?.functionNames() ?? []));
  }

  #noFunction(extern: ObjectExtern, kernel: Btf): ObjectError {
    const name = essentialName(extern.name);
    const without = 'declare it __weak, and test with bpf_ksym_exists() before the call, to do without it';
    if (kernelFunctionSince(name) !== undefined)
      return this.#error(extern.name, withoutFunction(name), without);
    // Of this kernel, and of newer ones: it may be both misspelt and too new.
    const names = [...kernel.suggest(name, 'function'), ...kernelFunctionReleases().keys()];
    return this.#error(
      extern.name,
      withoutFunction(name),
      didYouMean(nearestNames(name, new Set(names))) ?? without,
    );
  }

  #noVariable(extern: ObjectExtern, kernel: Btf): ObjectError {
    const near = didYouMean(kernel.suggest(extern.name, 'variable'));
    return this.#error(extern.name, 'this kernel has no such variable in its types', near ?? weakAddress);
  }

  #error(name: string, problem: string, hint?: string): ObjectError {
    return new ObjectError('extern', { file: this.#spec.file }, `extern "${name}": ${problem}`, { hint });
  }
}

const weakAddress = 'declare it __weak, and its address is 0 where it is missing';

/** `this kernel (6.1) has no function bpf_strcmp: Linux 6.17 brought it` */
function withoutFunction(name: string): string {
  const since = kernelFunctionSince(name);
  const none = `this kernel (${runningVersion()}) has no function ${name} that programs may call`;
  if (since === undefined) return none;
  return olderThan(since)
    ? `${none}: Linux ${since} brought it`
    : `${none}: Linux has it since ${since}, but this one was built without`;
}

/** Fills in the values of `.kconfig`. Throws ObjectError (extern). */
export function fillKconfig(spec: ObjectSpec, contents: Uint8Array, options: ExternsOptions): void {
  const view = new DataView(contents.buffer, contents.byteOffset, contents.byteLength);
  let config: Kconfig | undefined;
  for (const extern of spec.externs) {
    if (extern.kind !== 'kconfig' || extern.type === undefined || extern.offset === undefined) continue;
    const types = spec.types!;
    const virtual = options.kconfig?.has(extern.name) === true ? undefined : virtualValue(extern.name);
    let problem: string | undefined;
    if (virtual !== undefined) {
      const type = types.type(types.strip(extern.type));
      problem = writeNumber(type, virtual, view, extern.offset, types.littleEndian);
    } else {
      config ??= new Map([...(runningKconfig() ?? []), ...(options.kconfig ?? [])]);
      const text = config.get(extern.name);
      if (text === undefined && extern.weak) continue;
      problem =
        text === undefined
          ? config.size === 0
            ? 'the configuration of this kernel cannot be read (/boot/config-RELEASE, /proc/config.gz)'
            : 'the configuration of this kernel does not have it; declare it __weak to take 0 then'
          : writeKconfig(types, extern.type, text, view, extern.offset);
    }
    if (problem !== undefined) {
      throw new ObjectError(
        'extern',
        { file: spec.file, section: '.kconfig' },
        `extern "${extern.name}": ${problem}`,
      );
    }
  }
}

/** What no configuration has, but libbpf lets programs ask for. */
function virtualValue(name: string): bigint | undefined {
  switch (name) {
    case 'LINUX_KERNEL_VERSION':
      return BigInt(kernelVersionCode());
    case 'LINUX_HAS_BPF_COOKIE':
      // bpf_get_attach_cookie
      return helperFeature(174, ProgramType.kprobe).answer === 'yes' ? 1n : 0n;
    case 'LINUX_HAS_SYSCALL_WRAPPER':
      return syscallPrefix() === undefined ? 0n : 1n;
    default:
      return undefined;
  }
}

const architectures: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: 'x64',
  arm64: 'arm64',
  riscv64: 'riscv',
  loong64: 'loongarch',
  s390x: 's390x',
};

let prefix: string | undefined | null = null;

/**
 * `__x64_sys_` where system calls take their arguments in a struct of registers (4.17 on x86), or undefined. Seen in
 * the kernel's symbols: a kprobe, by which others find out, is not possible everywhere.
 */
export function syscallPrefix(): string | undefined {
  if (prefix !== null) return prefix;
  const name = `__${architectures[process.arch] ?? process.arch}_sys_`;
  const symbols = kernelSymbols();
  prefix = symbols.find(`${name}bpf`).length > 0 ? name : undefined;
  return prefix;
}
