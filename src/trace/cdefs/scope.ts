/**
 * The C definitions of a script, as names that its probes can use.
 *
 * bpftrace writes all definitions one below the other into a file `definitions.h`, behind a line that includes the
 * kernel's types, and lets clang read it. Errors are told by the lines of that file, so it is made here too.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Btf } from '../../btf/btf.ts';
import { BtfError } from '../../btf/errors.ts';
import { nearestNames } from '../../text/nearest.ts';
import type { CDefinition, Expr } from '../ast/nodes.ts';
import type { NamedConstant, TypeNames } from '../check/environment.ts';
import { Diagnostics } from '../diagnostic.ts';
import { sourceFromBytes } from '../lex/bytes.ts';
import { readString } from '../lex/string.ts';
import { parseExpression } from '../parse/parse.ts';
import type { Source } from '../source.ts';
import { findBtfEnumerator, findBtfType } from '../types/btf-types.ts';
import { layoutOf } from '../types/layout.ts';
import type { Type } from '../types/type.ts';
import { headerConstant } from './constants/constants.ts';
import { type CTag, Declarations, type OuterTypes } from './declarations.ts';
import { CErrors, clangText, fileNotFound } from './errors.ts';
import type { CValue } from './evaluate.ts';
import { Preprocessor } from './preprocess.ts';
import type { CToken } from './tokens.ts';
import { namedInteger } from './types.ts';

export interface CScopeOptions {
  /** Types of the running kernel. */
  readonly btf?: Btf | undefined;
  /** Directory of the script: where includes in quotes are looked for. Default: nowhere. */
  readonly directory?: string | undefined;
  /** `-I` */
  readonly includePaths?: readonly string[];
  /** `--include` */
  readonly includeFiles?: readonly string[];
  /** Macros that are there from the start, besides those of the machine. */
  readonly defines?: Readonly<Record<string, string>>;
  /** As `process.arch` says it, which is the default. */
  readonly architecture?: string;
  /** Of the running kernel, for LINUX_VERSION_CODE. */
  readonly kernelVersion?: readonly [major: number, minor: number, patch: number] | undefined;
  /** Default: the file system. */
  readonly readFile?: (path: string) => string | undefined;
}

export interface CScope extends TypeNames {
  /** What an object-like `#define` stands for that is no constant; undefined if it is no expression. */
  expansion(name: string): Expr | undefined;
}

const LARGEST_HEADER = 16 * 1024 * 1024;

function readHeader(path: string): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > LARGEST_HEADER) return undefined;
    return sourceFromBytes(path, readFileSync(path)).text;
  } catch {
    return undefined;
  }
}

/** Macros that compilers define by the machine. */
const MACHINE: Readonly<Record<string, readonly string[]>> = {
  x64: ['__x86_64__', '__LP64__', '__linux__'],
  arm64: ['__aarch64__', '__LP64__', '__linux__'],
  riscv64: ['__riscv', '__LP64__', '__linux__'],
  ppc64: ['__powerpc64__', '__LP64__', '__linux__'],
  s390x: ['__s390x__', '__LP64__', '__linux__'],
  loong64: ['__loongarch__', '__LP64__', '__linux__'],
};

/** The file that clang would see. The `;` of a definition may be left away. */
function definitionsFile(definitions: readonly CDefinition[]): Source {
  const texts = definitions.map(({ text }) => (/^#|;$/.test(text) ? `${text}\n` : `${text};\n`));
  return { name: 'definitions.h', text: `\n${texts.join('')}` };
}

export function readDefinitions(
  definitions: readonly CDefinition[],
  options: CScopeOptions,
  diagnostics: Diagnostics,
): CScope {
  const { btf, architecture = process.arch, readFile = readHeader } = options;
  const errors = new CErrors();
  const enumerator = (name: string): bigint | undefined => kernelEnumerator(btf, name)?.value;
  const constantOfHeaders = (name: string): bigint | undefined =>
    headerConstant(name, architecture, enumerator);

  const preprocessor = new Preprocessor(
    {
      includePaths: options.includePaths ?? [],
      readFile,
      kernelVersion: options.kernelVersion,
      headerConstant: constantOfHeaders,
    },
    errors,
  );
  for (const name of MACHINE[architecture] ?? ['__linux__']) preprocessor.define(name, '1');
  if (btf) preprocessor.define('BPFTRACE_HAVE_BTF', '');
  for (const [name, text] of Object.entries(options.defines ?? {})) preprocessor.define(name, text);

  const file = definitionsFile(definitions);
  for (const name of options.includeFiles ?? []) {
    const paths = [name, ...(options.includePaths ?? []).map((folder) => join(folder, name))];
    const path = paths.find((one) => readFile(one) !== undefined);
    if (path === undefined) errors.add(file, 0, fileNotFound(name), true);
    else preprocessor.run({ name: path, text: readFile(path) ?? '' }, path);
  }
  preprocessor.run(file, options.directory === undefined ? undefined : join(options.directory, file.name));

  const end: CToken = { kind: 'end', text: '', source: file, start: file.text.length, first: true };
  const declarations = new Declarations(
    [...preprocessor.out, end],
    errors,
    outerTypes(btf, constantOfHeaders),
  );
  declarations.readAll();
  for (const error of errors.list) diagnostics.error(undefined, clangText(error), { verbatim: true });
  return new DefinitionScope(preprocessor, declarations, btf, constantOfHeaders);
}

/** BTF that makes no sense has no types, for a script. */
function guarded<T>(ask: () => T | undefined): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof BtfError) return undefined;
    throw error;
  }
}

const kernelType = (btf: Btf | undefined, name: string, tag: CTag | undefined): Type | undefined =>
  btf && guarded(() => findBtfType(btf, name, tag));

const kernelEnumerator = (
  btf: Btf | undefined,
  name: string,
): (NamedConstant & { value: bigint }) | undefined => btf && guarded(() => findBtfEnumerator(btf, name));

function outerTypes(
  btf: Btf | undefined,
  constantOfHeaders: (name: string) => bigint | undefined,
): OuterTypes {
  return {
    type: (name, tag) => kernelType(btf, name, tag),
    layout: layoutOf,
    constant(name): CValue | undefined {
      const value = kernelEnumerator(btf, name)?.value ?? constantOfHeaders(name);
      if (value === undefined) return undefined;
      const small = value >= -(2n ** 31n) && value < 2n ** 31n;
      return { value, bits: small ? 32 : 64, unsigned: value >= 2n ** 63n };
    },
  };
}

class DefinitionScope implements CScope {
  readonly #preprocessor: Preprocessor;
  readonly #declarations: Declarations;
  readonly #btf: Btf | undefined;
  readonly #constantOfHeaders: (name: string) => bigint | undefined;
  readonly #constants = new Map<string, NamedConstant | undefined>();
  readonly #expansions = new Map<string, Expr | undefined>();

  constructor(
    preprocessor: Preprocessor,
    declarations: Declarations,
    btf: Btf | undefined,
    constantOfHeaders: (name: string) => bigint | undefined,
  ) {
    this.#preprocessor = preprocessor;
    this.#declarations = declarations;
    this.#btf = btf;
    this.#constantOfHeaders = constantOfHeaders;
  }

  type(name: string, tag: CTag | undefined): Type | undefined {
    const { structs, enums, typedefs } = this.#declarations;
    if (tag === undefined) {
      const own = typedefs.get(name);
      if (own) return own.type();
      return kernelType(this.#btf, name, undefined) ?? namedInteger(name)?.type();
    }
    const full = `${tag} ${name}`;
    const own = tag === 'enum' ? enums.get(full) : structs.get(full);
    if (own && (own.kind === 'enum' || own.complete)) return own;
    return kernelType(this.#btf, name, tag);
  }

  defines(name: string, tag: CTag | undefined): boolean {
    const { structs, enums, typedefs } = this.#declarations;
    if (tag === undefined) return typedefs.has(name);
    if (tag === 'enum') return enums.has(`enum ${name}`);
    return structs.get(`${tag} ${name}`)?.complete === true;
  }

  constant(name: string): NamedConstant | undefined {
    if (!this.#constants.has(name)) this.#constants.set(name, this.#findConstant(name));
    return this.#constants.get(name);
  }

  #findConstant(name: string): NamedConstant | undefined {
    const defined = this.#definedConstant(name);
    if (defined) return defined;
    const own = this.#declarations.enumerators.get(name) ?? kernelEnumerator(this.#btf, name);
    if (own) return own;
    const value = this.#constantOfHeaders(name);
    return value === undefined ? undefined : { value };
  }

  #definedConstant(name: string): NamedConstant | undefined {
    const tokens = this.#preprocessor.expansionOf(name);
    if (!tokens || tokens.length === 0) return undefined;
    if (tokens.every(({ kind, text }) => kind === 'string' && text.length > 1 && text.endsWith('"')))
      return { value: tokens.map(({ text }) => readString(text, 0).bytes).join('') };
    const [only] = tokens;
    if (tokens.length === 1 && only!.kind === 'name') {
      const enumerator = this.#declarations.enumerators.get(only!.text);
      if (enumerator) return enumerator;
    }
    const value = this.#declarations.valueOf(tokens)?.value;
    return value === undefined ? undefined : { value };
  }

  expansion(name: string): Expr | undefined {
    if (!this.#expansions.has(name)) this.#expansions.set(name, this.#findExpansion(name));
    return this.#expansions.get(name);
  }

  #findExpansion(name: string): Expr | undefined {
    const tokens = this.#preprocessor.expansionOf(name);
    if (!tokens || tokens.length === 0) return undefined;
    const text = tokens.map((token) => token.text).join(' ');
    return parseExpression({ name: `#define ${name}`, text: together(text) }, new Diagnostics());
  }

  suggest(name: string, tag: CTag | undefined): readonly string[] {
    const { structs, enums, typedefs } = this.#declarations;
    const own = tag === undefined ? typedefs : tag === 'enum' ? enums : structs;
    const prefix = tag === undefined ? '' : `${tag} `;
    const names = [...own.keys()]
      .filter((one) => one.startsWith(prefix))
      .map((one) => one.slice(prefix.length));
    const kind = tag ?? 'typedef';
    return [...new Set([...nearestNames(name, names), ...(this.#btf?.suggest(name, kind) ?? [])])].slice(
      0,
      3,
    );
  }
}

/** Tokens of C that are parts of one token of the language: `@`, `$x` and durations. */
function together(text: string): string {
  return text.replace(/@ (?=[A-Za-z_])/g, '@').replace(/\. \./g, '..');
}
