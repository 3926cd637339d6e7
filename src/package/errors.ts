/** What goes wrong with packages: one class, a code for programs, a sentence for people. */

export type PackageErrorCode =
  /** The file is no package, or its parts contradict each other. */
  | 'badPackage'
  /** No clang, or one that is too old. */
  | 'noCompiler'
  /** The C source does not compile; the message is clang's own. */
  | 'compileFailed'
  | 'notFound'
  /** An option of the package's own command line. */
  | 'badOption'
  /** Asked for something that this kind of package cannot do. */
  | 'unsupported'
  | 'network'
  /** A limit that keeps a hostile package from taking the machine: sizes, time, memory. */
  | 'limit';

export class PackageError extends Error {
  override readonly name: string = 'PackageError';
  readonly code: PackageErrorCode;
  readonly hint: string | undefined;

  constructor(code: PackageErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(options.hint === undefined ? message : `${message}\n${options.hint}`, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

export function badPackage(what: string, problem: string, cause?: unknown): PackageError {
  return new PackageError('badPackage', `${what}: ${problem}`, { cause });
}

export function noClang(looked: readonly string[]): PackageError {
  return new PackageError('noCompiler', `no clang found (looked for ${looked.join(', ')})`, {
    hint: 'to do: apt-get install clang-19, or name one with --clang-bin',
  });
}

export function oldClang(path: string, version: string): PackageError {
  return new PackageError(
    'noCompiler',
    `${path} is version ${version}; building BPF programs needs 15 or newer`,
    {
      hint: 'to do: apt-get install clang-19, or name another with --clang-bin',
    },
  );
}
