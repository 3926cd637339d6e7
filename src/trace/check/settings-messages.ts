/** What is said about the settings of a script. */

export const unknownKey = (key: string): string => `${key}: not a known configuration option`;
export const renamedKey = (key: string, now: string): string => `${key} has been renamed, please use ${now}`;
export const renamedVariable = (name: string, now: string): string => `${name} has been renamed to '${now}'`;
export const ignoredKey = (key: string): string => `${key} is deprecated and has no effect`;
export const environmentOnly = (key: string): string => `${key}: can only be set as an environment variable`;
export const invalidBoolean = 'Invalid bool value: valid values are true, false, 1 or 0.';
export const invalidNumber = (text: string): string => `expecting a number, got ${text}`;
export const numberRange = (least: number, most: number): string =>
  `Invalid number: it must be between ${least} and ${most}`;
export const invalidChoice = (name: string, words: readonly string[]): string =>
  `Invalid value for ${name}: valid values are ${words.slice(0, -1).join(', ')}, and ${words.at(-1)}.`;
export const invalidLicense = (found: string, words: readonly string[]): string =>
  `Invalid value for license. Found: ${found}. Valid values: ${words.join(', ')}. Which programs need it: https://docs.kernel.org/bpf/bpf_licensing.html`;
export const invalidSetting = (key: string, wrong: string): string => `${key}: ${wrong}`;
