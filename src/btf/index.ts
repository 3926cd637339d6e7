/** bpfkit/btf: the BPF type format, read where it lies, and written. */
export { KernelString } from '../text/kernel-string.ts';
export { Btf, type BtfOptions } from './btf.ts';
export { BtfBuilder, type MemberInput } from './build.ts';
export { type CopyOptions, copyType } from './copy.ts';
export { type Decoder, type DecoderOptions, decoder } from './decode.ts';
export { encodeBtf } from './encode.ts';
export { BtfError, type BtfErrorCode, BtfValueError } from './errors.ts';
export { type FoundMember, findMember, stripModifiers } from './layout.ts';
export { essentialName } from './names.ts';
export type * from './types.ts';
export { type DeclarationOptions, declarationsOf } from './typescript.ts';
export { type Encoder, type EncoderOptions, encoder } from './write.ts';
