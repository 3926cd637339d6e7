/** What is wrong with C definitions, worded as clang does: users look these sentences up. */
import { positionOf, type Source } from '../source.ts';

export interface CError {
  readonly fatal: boolean;
  readonly message: string;
  readonly source: Source;
  readonly offset: number;
}

/** Thrown where a declaration cannot be read further; already recorded. */
export class CFailure extends Error {}

/** As clang stops by default. */
const LIMIT = 20;

export class CErrors {
  readonly list: CError[] = [];

  add(source: Source, offset: number, message: string, fatal = false): void {
    if (this.list.some((error) => error.fatal) || this.list.length >= LIMIT) return;
    this.list.push({ fatal, message, source, offset });
  }

  /** Nothing that follows is of interest. */
  get stopped(): boolean {
    return this.list.length >= LIMIT || this.list.some((error) => error.fatal);
  }
}

/** `definitions.h:2:10: fatal error: 'x.h' file not found` */
export function clangText({ source, offset, fatal, message }: CError): string {
  const { line, column } = positionOf(source, offset);
  return `${source.name}:${line}:${column}: ${fatal ? 'fatal ' : ''}error: ${message}`;
}

export const fileNotFound = (name: string): string => `'${name}' file not found`;
export const expectedFileName = 'expected "FILENAME" or <FILENAME>';
export const includedTooDeeply = '#include nested too deeply';
export const unterminatedConditional = 'unterminated conditional directive';
export const withoutIf = (directive: string): string => `#${directive} without #if`;
export const afterElse = (directive: string): string => `#${directive} after #else`;
export const invalidDirective = 'invalid preprocessing directive';
export const macroNameMissing = 'macro name missing';
export const macroNameNoIdentifier = 'macro name must be an identifier';
export const expectedValue = 'expected value in expression';
export const missingParenthesis = "expected ')'";
export const divisionByZero = 'division by zero in preprocessor expression';
export const badPreprocessorToken = 'token is not a valid binary operator in a preprocessor subexpression';
export const notConstant = 'expression is not an integer constant expression';
export const undeclared = (name: string): string => `use of undeclared identifier '${name}'`;
export const unknownType = (name: string): string => `unknown type name '${name}'`;
export const incompleteField = (type: string): string => `field has incomplete type '${type}'`;
export const incompleteSize = (type: string): string =>
  `invalid application of 'sizeof' to an incomplete type '${type}'`;
export const redefinition = (name: string): string => `redefinition of '${name}'`;
export const duplicateMember = (name: string): string => `duplicate member '${name}'`;
export const expectedToken = (token: string): string => `expected '${token}'`;
export const expectedIdentifier = 'expected identifier or {';
export const expectedName = 'expected identifier';
export const expectedMemberEnd = "expected ';' at end of declaration list";
export const expectedDeclaration = 'expected identifier or (';
export const bitfieldTooWide = (name: string): string =>
  `width of bit-field '${name}' exceeds the width of its type`;
export const negativeSize = 'array size is negative';
export const arrayTooLarge = 'array is too large';
export const badAlignment = 'requested alignment is not a power of 2';
export const tooDeep = 'nested too deeply';
export const tooMuchExpansion = 'macros expand to too many tokens';
