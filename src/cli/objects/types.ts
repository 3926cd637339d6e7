/** One BTF type as JSON members: its own fields, in the words of `bpfkit/btf`. */
import type { BtfType } from '../../btf/types.ts';
import type { JsonValue } from '../../text/json.ts';
import type { Members } from './members.ts';
import { jsonOf } from './values.ts';

export function inspectType(type: BtfType): Members {
  return jsonOf(type) as { readonly [name: string]: JsonValue };
}
