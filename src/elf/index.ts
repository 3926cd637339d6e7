/** bpfkit/elf: ELF files of both byte orders, every bound checked. */
export { type AddressOptions, addressOfOffset, fileOffset } from './address.ts';
export * from './constants.ts';
export { ElfError, type ElfErrorCode } from './errors.ts';
export { ElfFile, type SymbolTableKind } from './file.ts';
export { type ElfFunction, findFunctions, listFunctions } from './functions.ts';
export type { ElfHeader, ElfSection, ElfSegment } from './header.ts';
export { buildId, type DebugLink, debugLink } from './identity.ts';
export { type ElfNote, readNotes } from './notes.ts';
export { type ElfRelocation, readRelocations } from './relocations.ts';
export { type ByteSource, bytesSource } from './source.ts';
export { stripObject } from './strip.ts';
export type { ElfSymbol, SymbolTable } from './symbols.ts';
export { type UsdtNote, usdtNotes } from './usdt.ts';
