/** Names as people write them: C++ by the runtime's demangler, Rust by our own. */
import { demangleRust, isRustName } from '../../symbol/rust.ts';
import { cxaDemangle } from '../../sys/demangle.ts';

/** Long-running scripts see the same names again and again; past this it starts anew. */
const MAX_REMEMBERED = 50_000;

const remembered = new Map<string, string | undefined>();

/** `ns::f(int)` for `_ZN2ns1fEi`; undefined for what is no C++ name. */
export function demangleCpp(name: string): string | undefined {
  // Mach-O puts a second underscore before; ELF files that came from there keep it.
  if (!name.startsWith('_Z') && !name.startsWith('__Z')) return undefined;
  const known = remembered.get(name);
  if (known !== undefined || remembered.has(name)) return known;
  const text = cxaDemangle(name.startsWith('__Z') ? name.slice(1) : name);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(name, text);
  return text;
}

/** A C++ or Rust name as its source has it; other names as they are. */
export function demangle(name: string): string {
  if (isRustName(name)) return demangleRust(name) ?? name;
  return demangleCpp(name) ?? name;
}
