/** What the parser has to say, word for word as bpftrace does. */

const syntax = (text: string): string => `syntax: ${text}`;

export const literal = (problem: string): string => syntax(problem);
export const expected = (sign: string): string => syntax(`expected '${sign}'`);

// The program

export const unexpectedInput: string = syntax('unexpected input');
export const unexpectedInBlock: string = syntax('unexpected input in block');
export const unterminatedDefinition = (what: string): string => syntax(`unterminated ${what} definition`);
export const definitionsFirst: string = syntax('C definitions must appear before probes and functions');
export const configFirst: string = syntax('config must appear before probes and functions');
export const importsFirst: string = syntax('root imports must appear before probes and functions');
export const duplicateConfig: string = syntax('duplicate config block');
export const configKey: string = syntax('expected config key');
export const configValue: string = syntax('expected string, int, boolean, or ident');
export const importPath: string = syntax("expected string after 'import'");
export const importEnd: string = syntax("expected ';' after import");
export const rootLet: string = syntax(
  'root-level let statements need to be map declarations, e.g. let @a = hash(2);',
);
export const mapType: string = syntax('expected map type name');
export const mapSize: string = syntax('expected positive integer for map declaration max entries');
export const macroName: string = syntax('expected macro name');
export const macroArgument: string = syntax('expected macro argument ($var, @map, or identifier)');
export const macroBuiltin = (name: string): string =>
  syntax(`builtin '${name}' can't be used as a macro argument`);
export const functionName: string = syntax('expected function name');
export const functionArgument: string = syntax('expected variable in function argument');
export const attachPoint: string = syntax('expected attach point');
export const predicateEnd: string = syntax("expected '/' to close predicate");

// Statements

export const letVariable: string = syntax("expected variable after 'let'");
export const forVariable: string = syntax('expected variable in for loop');
export const forIterable: string = syntax('expected map or range in for loop');
export const elseBlock: string = syntax("expected '{' or 'if' after 'else'");
export const assignmentTarget: string = syntax('invalid assignment target');
export const immutable: string = syntax(
  'Tuples and records are immutable once created. Consider creating a new value and assigning it instead.',
);

// Expressions and types

export const expression: string = syntax('expected expression');
export const fieldName = (operator: string): string => syntax(`expected field name after '${operator}'`);
export const identifier: string = syntax('expected identifier');
export const variableName: string = syntax("expected identifier after '$'");
export const namedTwice = (name: string): string =>
  syntax(`Named argument list already contains name: ${name}`);
export const typeName: string = syntax('expected type name');
export const parameterOutOfRange = (text: string): string =>
  syntax(`param ${text} is out of integer range [1, 9223372036854775807]`);
export const stepTarget: string = syntax('increment/decrement requires a variable or map');
export const addressTarget: string = syntax('address-of operator (&) can only be used on a map or variable');

export const tooDeep = (limit: number): string =>
  syntax(`nested too deeply: more than ${limit} levels of parentheses, operators or blocks`);
export const tooManyErrors = (limit: number): string => syntax(`stopped after ${limit} errors`);
