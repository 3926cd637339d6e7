/** Names that macros make: `$x#3` is the `$x` of the third call that was put in. No script can write one. */

const mark = '#';

export const hygienicName = (name: string, call: number): string => `${name}${mark}${call}`;

/** As it was written: for messages. */
export function plainName(name: string): string {
  const at = name.indexOf(mark);
  return at < 0 ? name : name.slice(0, at);
}
