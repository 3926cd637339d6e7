/** Numbers of the ELF specification (gABI 4.1 and later) and of its GNU additions (`elf.h`). */

export const FileType = { none: 0, relocatable: 1, executable: 2, shared: 3, core: 4 } as const;

export const SectionType = {
  null: 0,
  progbits: 1,
  symtab: 2,
  strtab: 3,
  rela: 4,
  note: 7,
  nobits: 8,
  rel: 9,
  dynsym: 11,
  /** Section indices of symbols in files with more than 65,279 sections. */
  symtabShndx: 18,
  gnuVerdef: 0x6ffffffd,
  gnuVerneed: 0x6ffffffe,
  gnuVersym: 0x6fffffff,
} as const;

export const SectionFlag = { write: 1, alloc: 2, executable: 4, compressed: 0x800 } as const;

export const SegmentType = { load: 1, dynamic: 2, interpreter: 3, note: 4 } as const;

export const SegmentFlag = { executable: 1, write: 2, read: 4 } as const;

export const SymbolType = { none: 0, object: 1, function: 2, section: 3, file: 4, gnuIfunc: 10 } as const;

export const SymbolBinding = { local: 0, global: 1, weak: 2, gnuUnique: 10 } as const;

/** Section indices with a meaning of their own. */
export const SectionIndex = {
  undefined: 0,
  reserved: 0xff00,
  absolute: 0xfff1,
  common: 0xfff2,
  extended: 0xffff,
} as const;

/** In `e_phnum`: the number is in the first section header's `sh_info`. */
export const PN_XNUM = 0xffff;

/** `e_machine`, the ones that tracing meets. */
export const Machine = { none: 0, x86: 3, arm: 40, x86_64: 62, arm64: 183, riscv: 243, bpf: 247 } as const;
