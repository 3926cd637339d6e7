/**
 * The preprocessor: includes, conditions, and macros without arguments. Macros with arguments are known by name only
 * and never replaced, as in bpftrace.
 */
import { dirname, isAbsolute, join } from 'node:path';
import type { Source } from '../source.ts';
import * as messages from './errors.ts';
import { type CErrors, CFailure } from './errors.ts';
import { type CValue, evaluate, makeValue } from './evaluate.ts';
import { isKnownHeader } from './headers.ts';
import { type CToken, CTokens, tokenize } from './tokens.ts';

export interface CMacro {
  /** Undefined for one with arguments. */
  readonly body: readonly CToken[] | undefined;
}

export interface PreprocessOptions {
  /** `-I`, in this order. */
  readonly includePaths: readonly string[];
  /** The text of a file; undefined if there is none. */
  readFile(path: string): string | undefined;
  /** What LINUX_VERSION_CODE is. */
  readonly kernelVersion?: readonly [major: number, minor: number, patch: number] | undefined;
  /** Constants of headers that are known without being read. */
  headerConstant(name: string): bigint | undefined;
}

/** clang's limit of nested includes. */
const INCLUDE_LIMIT = 200;

/** Macros that double each other reach any size in a few lines. */
const EXPANSION_LIMIT = 200_000;

/** Of macros in macros, and of conditions in conditions. */
const DEPTH_LIMIT = 256;

interface Condition {
  readonly opened: CToken;
  /** The text inside counts, if that around does. */
  active: boolean;
  /** One of the branches has been taken. */
  taken: boolean;
  elseSeen: boolean;
}

export class Preprocessor {
  readonly macros: Map<string, CMacro> = new Map();
  /** What is left, without directives. */
  readonly out: CToken[] = [];
  /** A header was named that is known without being read: its constants are there. */
  usesHeaders = false;
  readonly #options: PreprocessOptions;
  readonly #errors: CErrors;
  readonly #once = new Set<string>();
  #depth = 0;
  #expanded = 0;

  constructor(options: PreprocessOptions, errors: CErrors) {
    this.#options = options;
    this.#errors = errors;
  }

  /** `-D name=text` */
  define(name: string, text: string): void {
    const tokens = tokenize({ name: '<command line>', text });
    this.macros.set(name, { body: tokens.slice(0, -1) });
  }

  /** Reads a text; `path` is where names in quotes are looked for, next to it. */
  run(source: Source, path: string | undefined): void {
    const list = tokenize(source);
    const conditions: Condition[] = [];
    for (let at = 0; list[at]!.kind !== 'end' && !this.#errors.stopped; ) {
      const token = list[at]!;
      let end = at + 1;
      while (!list[end]!.first && list[end]!.kind !== 'end') end++;
      try {
        if (token.text === '#' && token.first)
          this.#directive(list.slice(at + 1, end), token, conditions, path);
        else if (conditions.every((condition) => condition.active))
          for (let i = at; i < end; i++) this.#expand(list[i]!, list[i]!, [], this.out);
      } catch (error) {
        if (!(error instanceof CFailure)) throw error;
      }
      at = end;
    }
    const open = conditions.at(-1);
    if (open) this.#report(open.opened, messages.unterminatedConditional);
  }

  #report(token: CToken, message: string, fatal = false): void {
    this.#errors.add(token.source, token.start, message, fatal);
  }

  #fail(token: CToken, message: string): CFailure {
    this.#report(token, message);
    return new CFailure();
  }

  /** `line` is what follows the `#`. */
  #directive(line: readonly CToken[], hash: CToken, conditions: Condition[], path: string | undefined): void {
    const [name, ...rest] = line;
    if (!name) return;
    const active = conditions.every((condition) => condition.active);
    switch (name.text) {
      case 'if':
      case 'ifdef':
      case 'ifndef': {
        // Pushed before the condition is read: an error in it must not leave its #endif alone.
        const condition: Condition = { opened: name, active: false, taken: true, elseSeen: false };
        conditions.push(condition);
        if (conditions.length > DEPTH_LIMIT) {
          this.#report(name, messages.tooDeep, true);
          throw new CFailure();
        }
        if (!active) return;
        condition.active = condition.taken = this.#condition(name, rest);
        return;
      }
      case 'elif':
      case 'else':
        this.#otherwise(name, rest, conditions);
        return;
      case 'endif':
        if (!conditions.pop()) throw this.#fail(name, messages.withoutIf('endif'));
        return;
      default:
    }
    if (!active) return;
    switch (name.text) {
      case 'define':
        this.#define(rest, name);
        return;
      case 'undef':
        if (rest[0]) this.macros.delete(rest[0].text);
        return;
      case 'include':
        this.#include(rest, name, path);
        return;
      case 'error':
        throw this.#fail(name, lineText(name, rest));
      case 'pragma':
        if (rest[0]?.text === 'once') this.#once.add(hash.source.name);
        return;
      case 'warning':
      case 'line':
      case 'ident':
        return;
      default:
        throw this.#fail(name, messages.invalidDirective);
    }
  }

  #otherwise(name: CToken, rest: readonly CToken[], conditions: Condition[]): void {
    const condition = conditions.at(-1);
    if (!condition) throw this.#fail(name, messages.withoutIf(name.text));
    if (condition.elseSeen) throw this.#fail(name, messages.afterElse(name.text));
    condition.elseSeen = name.text === 'else';
    const around = conditions.slice(0, -1).every((outer) => outer.active);
    const wanted = around && !condition.taken;
    condition.active = false;
    if (wanted) condition.active = condition.elseSeen || this.#condition(name, rest);
    condition.taken ||= condition.active;
  }

  #define(rest: readonly CToken[], directive: CToken): void {
    const [name, ...body] = rest;
    if (!name) throw this.#fail(directive, messages.macroNameMissing);
    if (name.kind !== 'name') throw this.#fail(name, messages.macroNameNoIdentifier);
    const open = body[0];
    const hasArguments = open?.text === '(' && open.start === name.start + name.text.length;
    this.macros.set(name.text, { body: hasArguments ? undefined : body });
  }

  // Conditions

  #condition(directive: CToken, rest: readonly CToken[]): boolean {
    const end: CToken = { ...(rest.at(-1) ?? directive), kind: 'end', text: '' };
    if (directive.text === 'ifdef' || directive.text === 'ifndef') {
      const [name] = rest;
      if (!name) throw this.#fail(directive, messages.macroNameMissing);
      if (name.kind !== 'name') throw this.#fail(name, messages.macroNameNoIdentifier);
      return this.#isDefined(name.text) === (directive.text === 'ifdef');
    }
    if (rest.length === 0) throw this.#fail(directive, messages.expectedValue);
    const line: CToken[] = [];
    for (let i = 0; i < rest.length; i++) {
      // What stands behind `defined` is not replaced.
      const before = rest[i - 1]?.text === '(' ? rest[i - 2] : rest[i - 1];
      if (before?.text === 'defined') line.push(rest[i]!);
      else this.#expand(rest[i]!, rest[i]!, [], line);
    }
    const tokens = new CTokens([...line, end]);
    const { value } = evaluate(tokens, {
      preprocessor: true,
      fail: (token, message) => this.#fail(token, message),
      name: (at) => this.#nameInCondition(at),
    });
    if (!tokens.ended) throw this.#fail(tokens.current, messages.badPreprocessorToken);
    return value !== 0n;
  }

  #isDefined(name: string): boolean {
    return (
      this.macros.has(name) ||
      (this.usesHeaders && (this.#headerValue(name) !== undefined || name === 'KERNEL_VERSION'))
    );
  }

  #headerValue(name: string): bigint | undefined {
    const version = this.#options.kernelVersion;
    if (name === 'LINUX_VERSION_CODE') return version && versionCode(version);
    return this.#options.headerConstant(name);
  }

  #nameInCondition(tokens: CTokens): CValue {
    const name = tokens.next();
    const truth = (is: boolean): CValue => makeValue(is ? 1n : 0n);
    switch (name.text) {
      case 'defined': {
        const parenthesised = tokens.accept('(');
        const what = tokens.next();
        if (what.kind !== 'name') throw this.#fail(what, messages.macroNameNoIdentifier);
        if (parenthesised && !tokens.accept(')'))
          throw this.#fail(tokens.current, messages.missingParenthesis);
        return truth(this.#isDefined(what.text));
      }
      case '__has_include': {
        const open = tokens.at;
        tokens.skipBalanced();
        let header = '';
        for (let back = tokens.at - open; back > 0; back--) header += tokens.peek(-back).text;
        return truth(this.#resolve(header.slice(2, -2), header[1] === '<', undefined) !== undefined);
      }
      case 'KERNEL_VERSION': {
        const parts: bigint[] = [];
        if (!tokens.accept('(')) return truth(false);
        do {
          const part = tokens.next();
          if (!/^[0-9]+$/.test(part.text)) throw this.#fail(part, messages.expectedValue);
          parts.push(BigInt(part.text));
        } while (tokens.accept(','));
        if (!tokens.accept(')')) throw this.#fail(tokens.current, messages.missingParenthesis);
        const [major = 0, minor = 0, patch = 0] = parts.map(Number);
        return makeValue(versionCode([major, minor, patch]));
      }
      default:
        if (tokens.is('(')) {
          if (!this.macros.has(name.text) && !name.text.startsWith('__has_'))
            throw this.#fail(name, `function-like macro '${name.text}' is not defined`);
          tokens.skipBalanced();
          return truth(false);
        }
        return makeValue((this.usesHeaders ? this.#headerValue(name.text) : undefined) ?? 0n);
    }
  }

  // Includes

  #include(rest: readonly CToken[], directive: CToken, path: string | undefined): void {
    const [open] = rest;
    if (!open) throw this.#fail(directive, messages.expectedFileName);
    const line = lineText(directive, rest);
    const match = /^(?:<([^>]+)>|"([^"]+)")/.exec(line);
    if (!match) throw this.#fail(open, messages.expectedFileName);
    const name = match[1] ?? match[2]!;
    const found = this.#resolve(name, match[1] !== undefined, path);
    if (found === undefined) {
      this.#report(open, messages.fileNotFound(name), true);
      throw new CFailure();
    }
    if (found === 'known') {
      this.usesHeaders = true;
      return;
    }
    if (this.#once.has(found.path)) return;
    if (this.#depth >= INCLUDE_LIMIT) {
      this.#report(open, messages.includedTooDeeply, true);
      throw new CFailure();
    }
    this.#depth++;
    this.run({ name: found.path, text: found.text }, found.path);
    this.#depth--;
  }

  #resolve(
    name: string,
    angled: boolean,
    from: string | undefined,
  ): 'known' | { readonly path: string; readonly text: string } | undefined {
    const places = [
      ...(angled || from === undefined ? [] : [join(dirname(from), name)]),
      ...this.#options.includePaths.map((folder) => join(folder, name)),
    ];
    for (const path of isAbsolute(name) ? [name] : places) {
      const text = this.#options.readFile(path);
      if (text !== undefined) return { path, text };
    }
    return isKnownHeader(name) ? 'known' : undefined;
  }

  // Macros

  /** Replaces a name by its macro, and that by others; `hidden` are the names that are being replaced. */
  #expand(token: CToken, at: CToken, hidden: readonly string[], out: CToken[]): void {
    const body =
      token.kind === 'name' && !hidden.includes(token.text) ? this.macros.get(token.text)?.body : undefined;
    if (!body) {
      out.push(token === at ? token : { ...token, source: at.source, start: at.start });
      return;
    }
    this.#expanded += body.length + 1;
    if (this.#expanded > EXPANSION_LIMIT || hidden.length > DEPTH_LIMIT) {
      this.#report(at, messages.tooMuchExpansion, true);
      throw new CFailure();
    }
    for (const part of body) this.#expand(part, at, [...hidden, token.text], out);
  }

  /** The text of a macro with all others replaced in it; undefined if it has arguments or is none. */
  expansionOf(name: string): readonly CToken[] | undefined {
    const body = this.macros.get(name)?.body;
    if (!body) return undefined;
    this.#expanded = 0;
    const out: CToken[] = [];
    try {
      for (const token of body) this.#expand(token, token, [name], out);
    } catch (error) {
      if (error instanceof CFailure) return undefined;
      throw error;
    }
    return out;
  }
}

/** How the kernel packs its version; patches beyond 255 count as 255. */
function versionCode([major, minor, patch]: readonly [number, number, number]): bigint {
  return BigInt(major) * 65536n + BigInt(minor) * 256n + BigInt(Math.min(patch, 255));
}

/** What stands in the source behind a directive's name, on its line. */
function lineText(directive: CToken, rest: readonly CToken[]): string {
  const [first] = rest;
  if (!first) return '';
  const { text } = directive.source;
  const end = text.indexOf('\n', first.start);
  return text.slice(first.start, end < 0 ? text.length : end).trim();
}
