/** `function+offset`, as kernel and user functions share it. */
import { parseUnsigned } from '../../lex/integer.ts';
import { messages } from '../messages.ts';
import type { Request } from '../rule.ts';

export interface FunctionAndOffset {
  readonly name: string;
  readonly offset: bigint;
  /** Instead of a name: a number. */
  readonly address?: bigint;
}

/** Undefined after the request was told what is wrong. */
export function parseFunction(
  request: Request,
  text: string,
  allow: { readonly offset: boolean; readonly address: boolean },
): FunctionAndOffset | undefined {
  const [name = '', offset, ...more] = text.split('+');
  if (offset === undefined) {
    const address = allow.address ? parseUnsigned(text).value : undefined;
    return address === undefined ? { name, offset: 0n } : { name: '', offset: 0n, address };
  }
  const refuse = (message: string): undefined => void request.fail(message);
  if (!allow.offset) return refuse(messages.offsetNotAllowed());
  if (more.length > 0) return refuse(messages.oneOffset());
  if (name === '' || offset === '') return refuse(messages.invalidOffset());
  const parsed = parseUnsigned(offset);
  if (parsed.error !== undefined) return refuse(messages.invalidOffset(parsed.error));
  if (parsed.value > MAX_OFFSET)
    return refuse(messages.invalidOffset(`${offset} is larger than any function`));
  return { name, offset: parsed.value };
}

const MAX_OFFSET = 0x7fff_ffffn;

/** Copies that the compiler split off (`f.part.0`): the reference leaves them out of every match. */
export function isSplitCopy(name: string): boolean {
  return name.includes('.part.');
}
