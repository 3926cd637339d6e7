/** What a built-in sees of lowering. */
export type { Lowered } from './lowered.ts';
export type { Lowering as LowerContext } from './state.ts';
