/** What the parser has to say. */

const syntax = (text: string): string => `syntax: ${text}`;

export const unexpectedInput: string = syntax('unexpected input');
export const expected = (what: string): string => syntax(`expected '${what}'`);
export const expectedA = (what: string): string => syntax(`expected ${what}`);
export const literal = (problem: string): string => syntax(problem);
export const unterminatedString: string = syntax('unterminated string');
export const unterminatedComment: string = syntax('unterminated comment');
export const unterminatedDefinition = (what: string): string => syntax(`unterminated ${what} definition`);

export const definitionsFirst: string = syntax('C definitions must appear before probes and functions');
export const configFirst: string = syntax('config must appear before probes and functions');
export const importsFirst: string = syntax('root imports must appear before probes and functions');
export const duplicateConfig: string = syntax('duplicate config block');
export const rootLet: string = syntax(
  'root-level let statements need to be map declarations, e.g. let @a = hash(100);',
);

export const parameterOutOfRange = (text: string): string =>
  syntax(`param ${text} is out of integer range [1, 9223372036854775807]`);
export const unrollMaximum = 'unroll maximum value is 100';
export const unrollMinimum = 'unroll minimum value is 1';
export const stepTarget = (operator: string): string =>
  syntax(`the ${operator} operator must be applied to a map or variable`);
export const addressTarget: string = syntax('the & operator must be applied to a map or variable');
export const reservedName = (name: string, what: string): string =>
  syntax(`'${name}' is a builtin and cannot be ${what}`);

export const tooDeep = (limit: number): string =>
  syntax(`nested too deeply: more than ${limit} levels of parentheses, operators or blocks`);
export const tooManyErrors = (limit: number): string => syntax(`stopped after ${limit} errors`);
