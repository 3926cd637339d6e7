/** What is said about macros. */

export const redefinition = (name: string): string => `Redefinition of macro: ${name}`;
export const original = 'This is the original definition.';
export const unhygienicMap = (map: string): string =>
  `Unhygienic access to map: ${map}. Maps must be passed into the macro as arguments.`;
export const shadowsArgument = (name: string): string => `Variable declaration shadows macro arg ${name}`;
export const repeatedParameter = (name: string): string => `Macro argument ${name} is given twice`;
export const wrongCount = (name: string, expected: string, given: number): string =>
  `Call to ${name}() has the wrong number of arguments. Expected: ${expected} but got ${given}.`;
export const closestCount = (name: string, expected: number, given: number): string =>
  `The closest definition of ${name}() has a different number of arguments. Expected: ${expected} but got ${given}.`;
export const wrongKind = (parameter: string, wanted: 'variable' | 'map', given: string): string =>
  `Mismatched arg to macro call. Macro expects a ${wanted} for arg ${parameter} but got ${given}.`;
export const recursion = (chain: readonly string[]): string =>
  `Recursive macro call detected. Call chain: ${chain.join(' > ')}`;
export const tooDeep = (most: number): string => `Macros are nested more than ${most} deep`;
export const tooLarge =
  'What macros put into this script makes it too large: arguments that are used twice double it';
export const definesTooLarge = 'What #defines put into this script makes it too large';
