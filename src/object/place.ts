/**
 * The places that SEC names say: `do_unlinkat+0x10`, `/usr/bin/bash:readline`, `sched/sched_switch`. Text only; what
 * they mean on this machine is found out when a program is attached.
 */

export interface KernelPlace {
  readonly symbol: string;
  readonly offset: number;
}

/** `FUNC` or `FUNC+OFFSET`. Undefined for text of another form. */
export function kernelPlace(text: string): KernelPlace | undefined {
  const match = /^([A-Za-z0-9_.$]+)(?:\+(0[xX][0-9a-fA-F]+|\d+))?$/.exec(text);
  if (match === null) return undefined;
  return { symbol: match[1]!, offset: Number(match[2] ?? 0) };
}

export interface UserPlace {
  readonly binary: string;
  /** With its version, as in `malloc@GLIBC_2.2.5`; empty for an offset alone. */
  readonly symbol: string;
  readonly offset: number;
}

/** `BINARY:FUNC[@VERSION][+OFFSET]` or `BINARY:OFFSET`, at the last colon. Undefined for text of another form. */
export function userPlace(text: string): UserPlace | undefined {
  const colon = text.lastIndexOf(':');
  if (colon <= 0) return undefined;
  const binary = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (/^(?:0[xX][0-9a-fA-F]+|\d+)$/.test(rest)) return { binary, symbol: '', offset: Number(rest) };
  const match = /^([^+\s]+)(?:\+(0[xX][0-9a-fA-F]+|\d+))?$/.exec(rest);
  if (match === null) return undefined;
  return { binary, symbol: match[1]!, offset: Number(match[2] ?? 0) };
}

export interface UsdtPlace {
  readonly binary: string;
  readonly provider: string;
  readonly name: string;
}

/** `BINARY:PROVIDER:NAME`. Undefined for text of another form. */
export function usdtPlace(text: string): UsdtPlace | undefined {
  const match = /^(.+):([^:]+):([^:]+)$/.exec(text);
  return match === null ? undefined : { binary: match[1]!, provider: match[2]!, name: match[3]! };
}

/** `CATEGORY/NAME` as `CATEGORY:NAME`. Undefined for text of another form. */
export function tracepointName(text: string): string | undefined {
  const match = /^([\w.-]+)[/:]([\w.-]+)$/.exec(text);
  return match === null ? undefined : `${match[1]}:${match[2]}`;
}
