/**
 * Declarations of C. Types and enumerators are kept; functions and variables, which a header has too, are passed
 * over. An error ends its declaration and the next is read.
 */
import type { EnumType, Type } from '../types/type.ts';
import * as messages from './errors.ts';
import { type CErrors, CFailure } from './errors.ts';
import { type CValue, evaluate } from './evaluate.ts';
import { type CMember, layOut } from './struct-layout.ts';
import { type CToken, CTokens } from './tokens.ts';
import {
  arrayType,
  BASIC_WORDS,
  basicType,
  CStruct,
  type CType,
  fixed,
  functionCType,
  namedInteger,
  pointerTo,
} from './types.ts';

export type CTag = 'struct' | 'union' | 'enum';

/** What is known outside of the definitions: the kernel's types. */
export interface OuterTypes {
  type(name: string, tag: CTag | undefined): Type | undefined;
  /** Size and alignment of such a type. */
  layout(type: Type): { readonly size: number; readonly align: number };
  constant(name: string): CValue | undefined;
}

export interface CEnumerator {
  readonly value: bigint;
  readonly type: EnumType;
}

const QUALIFIERS: ReadonlySet<string> = new Set([
  '__const',
  '__extension__',
  '__force',
  '__inline',
  '__inline__',
  '__iomem',
  '__kernel',
  '__percpu',
  '__rcu',
  '__restrict',
  '__restrict__',
  '__signed__',
  '__user',
  '__volatile__',
  'const',
  'extern',
  'inline',
  'register',
  'restrict',
  'static',
  'volatile',
]);

const DEPTH_LIMIT = 100;

/** Largest that a type can be: enough for everything in memory, and far from where numbers lose precision. */
const SIZE_LIMIT = 2 ** 40;

interface Attributes {
  packed: boolean;
  align: number | undefined;
}

/** One more star, brackets or parameter list around a type; innermost last. */
type Wrap = (inner: CType) => CType;

interface Declarator {
  readonly name: CToken | undefined;
  readonly wraps: readonly Wrap[];
}

export class Declarations {
  readonly structs: Map<string, CStruct> = new Map();
  readonly enums: Map<string, EnumType> = new Map();
  readonly typedefs: Map<string, CType> = new Map();
  readonly enumerators: Map<string, CEnumerator> = new Map();
  readonly #tokens: CTokens;
  readonly #errors: CErrors;
  readonly #outer: OuterTypes;
  #depth = 0;

  constructor(tokens: readonly CToken[], errors: CErrors, outer: OuterTypes) {
    this.#tokens = new CTokens(tokens);
    this.#errors = errors;
    this.#outer = outer;
  }

  readAll(): void {
    while (!this.#tokens.ended && !this.#errors.stopped) {
      try {
        this.#declaration();
      } catch (error) {
        if (!(error instanceof CFailure)) throw error;
        this.#skip();
        this.#depth = 0;
      }
    }
  }

  /** To behind the next `;` outside of braces. */
  #skip(): void {
    for (; !this.#tokens.ended; ) {
      if (this.#tokens.is('{')) {
        this.#tokens.skipBalanced();
        if (!this.#tokens.is(';')) return;
      } else if (this.#tokens.next().text === ';') return;
    }
  }

  #fail(message: string, token: CToken = this.#tokens.current): CFailure {
    this.#errors.add(token.source, token.start, message);
    return new CFailure();
  }

  #expect(text: string): void {
    if (!this.#tokens.accept(text)) throw this.#fail(messages.expectedToken(text));
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > DEPTH_LIMIT) throw this.#fail(messages.tooDeep);
    const result = read();
    this.#depth--;
    return result;
  }

  #declaration(): void {
    if (this.#tokens.accept(';')) return;
    if (this.#tokens.is('_Static_assert') || this.#tokens.is('static_assert')) {
      this.#skip();
      return;
    }
    const isTypedef = this.#tokens.accept('typedef');
    const attributes: Attributes = { packed: false, align: undefined };
    const base = this.#specifiers(attributes);
    if (this.#tokens.accept(';')) return;
    do {
      const { name, wraps } = this.#declarator(base.space);
      const type = this.#wrapped(base.type, wraps);
      this.#attributes(attributes);
      if (isTypedef) {
        if (!name) throw this.#fail(messages.expectedDeclaration);
        this.typedefs.set(name.text, type);
      } else if (type.isFunction && this.#tokens.is('{')) {
        this.#tokens.skipBalanced();
        return;
      } else if (!name) throw this.#fail(messages.expectedDeclaration);
      if (this.#tokens.accept('=')) {
        this.#skip();
        return;
      }
    } while (this.#tokens.accept(','));
    this.#expect(';');
  }

  // Specifiers

  #specifiers(attributes: Attributes): { readonly type: CType; readonly space: 'user' | 'unknown' } {
    const words: string[] = [];
    let type: CType | undefined;
    let user = false;
    const { current: start } = this.#tokens;
    for (;;) {
      this.#attributes(attributes);
      const { current } = this.#tokens;
      if (current.kind !== 'name') break;
      if (QUALIFIERS.has(current.text)) {
        user ||= current.text === '__user';
        this.#tokens.next();
      } else if (BASIC_WORDS.has(current.text) && !type) words.push(this.#tokens.next().text);
      else if (type || words.length > 0) break;
      else if (current.text === 'struct' || current.text === 'union') type = this.#struct(current.text);
      else if (current.text === 'enum') type = this.#enum();
      else if (current.text === 'typeof' || current.text === '__typeof__') {
        this.#tokens.next();
        throw this.#fail(messages.unknownType(current.text), current);
      } else {
        type = this.#named(current.text);
        if (!type) throw this.#fail(messages.unknownType(current.text));
        this.#tokens.next();
      }
    }
    type ??= words.length > 0 ? basicType(words) : undefined;
    if (!type)
      throw this.#fail(messages.expectedDeclaration, words.length > 0 ? start : this.#tokens.current);
    return { type, space: user ? 'user' : 'unknown' };
  }

  #named(name: string): CType | undefined {
    const own = this.typedefs.get(name);
    if (own) return own;
    const outer = this.#outer.type(name, undefined);
    if (outer) {
      const { size, align } = this.#outer.layout(outer);
      return fixed(outer, size, align);
    }
    return namedInteger(name);
  }

  /** Any number of `__attribute__((…))`, `__packed`, `__aligned(n)`. */
  #attributes(found: Attributes): void {
    for (;;) {
      const { text } = this.#tokens.current;
      if (text === '__packed') {
        this.#tokens.next();
        found.packed = true;
      } else if (text === '__aligned' && this.#tokens.peek().text === '(') {
        this.#tokens.next();
        this.#alignment(found);
      } else if (text === '_Alignas' && this.#tokens.peek().text === '(') {
        this.#tokens.next();
        this.#alignment(found);
      } else if (text === '__attribute__' || text === '__attribute') {
        this.#tokens.next();
        this.#expect('(');
        this.#expect('(');
        this.#attributeList(found);
        this.#expect(')');
        this.#expect(')');
      } else if (text === '__asm__' && this.#tokens.peek().text === '(') {
        this.#tokens.next();
        this.#tokens.skipBalanced();
      } else return;
    }
  }

  #attributeList(found: Attributes): void {
    while (!this.#tokens.is(')') && !this.#tokens.ended) {
      const { text } = this.#tokens.next();
      if (text === 'packed' || text === '__packed__') found.packed = true;
      else if (text === 'aligned' || text === '__aligned__') {
        if (this.#tokens.is('(')) this.#alignment(found);
        else found.align = 16; // the largest alignment of the machine
      } else if (this.#tokens.is('(')) this.#tokens.skipBalanced();
    }
  }

  #alignment(found: Attributes): void {
    this.#expect('(');
    const at = this.#tokens.current;
    const { value } = this.#constant();
    this.#expect(')');
    if (value <= 0n || value > 2n ** 28n || (value & (value - 1n)) !== 0n)
      throw this.#fail(messages.badAlignment, at);
    found.align = Math.max(found.align ?? 1, Number(value));
  }

  // Structs and unions

  #struct(tag: 'struct' | 'union'): CType {
    return this.#nested(() => {
      this.#tokens.next();
      const attributes: Attributes = { packed: false, align: undefined };
      this.#attributes(attributes);
      const name = this.#tokens.current.kind === 'name' ? this.#tokens.next() : undefined;
      this.#attributes(attributes);
      if (!this.#tokens.is('{')) {
        if (!name) throw this.#fail(messages.expectedIdentifier);
        return this.#tagged(tag, name.text);
      }
      const full = name ? `${tag} ${name.text}` : '';
      const known = this.structs.get(full);
      if (name && known?.complete) throw this.#fail(messages.redefinition(name.text), name);
      const struct = known ?? new CStruct(full);
      if (name) this.structs.set(full, struct);
      const members = this.#members();
      this.#attributes(attributes);
      for (const duplicate of layOut(struct, tag === 'union', members, attributes))
        this.#fail(messages.duplicateMember(duplicate), name);
      if (struct.size > SIZE_LIMIT) throw this.#fail(messages.arrayTooLarge, name);
      return { type: () => struct, size: struct.size, align: struct.align };
    });
  }

  /** `struct x` by its name: the script's own, the kernel's, or one that may be defined below. */
  #tagged(tag: CTag, name: string): CType {
    const full = `${tag} ${name}`;
    const find = (): Type | undefined => {
      const own = tag === 'enum' ? this.enums.get(full) : this.structs.get(full);
      if (own && (own.kind === 'enum' || own.complete)) return own;
      return this.#outer.type(name, tag);
    };
    const found = find();
    if (found) {
      const { size, align } = found instanceof CStruct ? found : this.#outer.layout(found);
      return { type: () => find() ?? found, size, align };
    }
    let declared = this.structs.get(full);
    if (!declared) this.structs.set(full, (declared = new CStruct(full)));
    const later = declared;
    return { type: () => find() ?? later, size: 0, align: 1, incomplete: full };
  }

  #members(): CMember[] {
    this.#expect('{');
    const members: CMember[] = [];
    while (!this.#tokens.accept('}')) {
      if (this.#tokens.ended) throw this.#fail(messages.expectedToken('}'));
      if (this.#tokens.accept(';')) continue;
      if (this.#tokens.is('_Static_assert')) {
        this.#tokens.next();
        this.#tokens.skipBalanced();
        continue;
      }
      const depth = this.#depth;
      try {
        this.#memberDeclaration(members);
      } catch (error) {
        if (!(error instanceof CFailure) || this.#errors.stopped) throw error;
        this.#depth = depth;
        this.#skipMember();
      }
    }
    return members;
  }

  /** To behind the next `;`, or to the brace that closes the struct. */
  #skipMember(): void {
    while (!this.#tokens.ended && !this.#tokens.is('}')) {
      if (this.#tokens.is('{')) this.#tokens.skipBalanced();
      else if (this.#tokens.next().text === ';') return;
    }
  }

  #memberDeclaration(members: CMember[]): void {
    const attributes: Attributes = { packed: false, align: undefined };
    const base = this.#specifiers(attributes);
    if (this.#tokens.is(';')) {
      // Only a struct or union without a name is a member without one.
      this.#tokens.next();
      const type = base.type.incomplete === undefined ? base.type.type() : undefined;
      if (type?.kind === 'struct' && type.name === '')
        members.push({ name: '', type: base.type, ...attributes });
      return;
    }
    do {
      const own = { ...attributes };
      const at = this.#tokens.current;
      const { name, wraps } = this.#tokens.is(':')
        ? { name: undefined, wraps: [] }
        : this.#declarator(base.space);
      const type = this.#wrapped(base.type, wraps);
      const bits = this.#tokens.accept(':') ? this.#bitWidth(type, name?.text ?? '') : undefined;
      this.#attributes(own);
      if (!name && bits === undefined) throw this.#fail(messages.expectedMemberEnd, at);
      if (type.incomplete !== undefined) throw this.#fail(messages.incompleteField(type.incomplete), name);
      if (type.isFunction) throw this.#fail(messages.incompleteField('function'), name);
      members.push({ name: name?.text ?? '', type, bits, ...own });
    } while (this.#tokens.accept(','));
    // Compilers let the last one go without.
    if (!this.#tokens.accept(';') && !this.#tokens.is('}')) throw this.#fail(messages.expectedMemberEnd);
  }

  #bitWidth(type: CType, name: string): number {
    const at = this.#tokens.current;
    const { value } = this.#constant();
    if (value < 0n || type.size > 8 || value > BigInt(type.size * 8))
      throw this.#fail(messages.bitfieldTooWide(name), at);
    return Number(value);
  }

  // Enums

  #enum(): CType {
    this.#tokens.next();
    const attributes: Attributes = { packed: false, align: undefined };
    this.#attributes(attributes);
    const name = this.#tokens.current.kind === 'name' ? this.#tokens.next() : undefined;
    if (!this.#tokens.is('{')) {
      if (!name) throw this.#fail(messages.expectedIdentifier);
      return this.#tagged('enum', name.text);
    }
    const full = name ? `enum ${name.text}` : 'enum';
    if (name && this.enums.has(full)) throw this.#fail(messages.redefinition(name.text), name);
    const values = this.#enumValues();
    this.#attributes(attributes);
    const type = enumType(full, values, attributes.packed);
    if (name) this.enums.set(full, type);
    for (const { name: one, value } of values) this.enumerators.set(one, { value, type });
    return fixed(type);
  }

  #enumValues(): { readonly name: string; readonly value: bigint }[] {
    this.#expect('{');
    const values: { name: string; value: bigint }[] = [];
    const before = this.#enumeratorsSoFar;
    let next = 0n;
    while (!this.#tokens.accept('}')) {
      const { current } = this.#tokens;
      if (current.kind !== 'name') throw this.#fail(messages.expectedName);
      this.#tokens.next();
      if (before.has(current.text) || this.enumerators.has(current.text))
        throw this.#fail(messages.redefinition(current.text), current);
      this.#attributes({ packed: false, align: undefined });
      if (this.#tokens.accept('=')) next = this.#constant().value;
      values.push({ name: current.text, value: next });
      before.set(current.text, next);
      next++;
      if (!this.#tokens.accept(',') && !this.#tokens.is('}')) throw this.#fail(messages.expectedToken('}'));
    }
    for (const { name } of values) before.delete(name);
    return values;
  }

  /** Of the enum that is being read: a value can refer to those before it. */
  readonly #enumeratorsSoFar = new Map<string, bigint>();

  // Declarators

  #wrapped(base: CType, wraps: readonly Wrap[]): CType {
    return wraps.reduce((type, wrap) => wrap(type), base);
  }

  /** `*name[3]`, `(*name)(int)`: what is nearest to the name is applied last. */
  #declarator(space: 'user' | 'unknown'): Declarator {
    return this.#nested(() => {
      const stars: Wrap[] = [];
      for (;;) {
        if (this.#tokens.accept('*')) {
          if (stars.length > DEPTH_LIMIT) throw this.#fail(messages.tooDeep);
          stars.push((inner) => pointerTo(inner, space));
        } else if (this.#tokens.current.kind === 'name' && QUALIFIERS.has(this.#tokens.current.text))
          this.#tokens.next();
        else if (/^__(?:attribute(?:__)?|packed|aligned)$/.test(this.#tokens.current.text))
          this.#attributes({ packed: false, align: undefined });
        else break;
      }
      let name: CToken | undefined;
      let inner: readonly Wrap[] = [];
      if (this.#tokens.is('(') && this.#opensDeclarator()) {
        this.#tokens.next();
        ({ name, wraps: inner } = this.#declarator(space));
        this.#expect(')');
      } else if (this.#tokens.current.kind === 'name') name = this.#tokens.next();
      return { name, wraps: [...stars, ...this.#suffixes(), ...inner] };
    });
  }

  /** `(*f)` and `(name)` against the parameters of a type without a name, `(int)`. */
  #opensDeclarator(): boolean {
    const next = this.#tokens.peek();
    if (next.text === '*' || next.text === '(' || next.text === '__attribute__') return true;
    return (
      next.kind === 'name' &&
      !BASIC_WORDS.has(next.text) &&
      !QUALIFIERS.has(next.text) &&
      !this.#startsType(next)
    );
  }

  #startsType(token: CToken): boolean {
    return (
      token.text === 'struct' ||
      token.text === 'union' ||
      token.text === 'enum' ||
      this.#named(token.text) !== undefined
    );
  }

  /** Brackets and parameters behind a name. `int a[2][3]` is two times three: the last is applied first. */
  #suffixes(): Wrap[] {
    const suffixes: Wrap[] = [];
    for (;;) {
      const at = this.#tokens.current;
      if (this.#tokens.is('(')) {
        this.#tokens.skipBalanced();
        suffixes.unshift(() => functionCType);
      } else if (this.#tokens.accept('[')) {
        const length = this.#tokens.is(']') ? 0 : this.#arrayLength();
        this.#expect(']');
        suffixes.unshift((element) => this.#arrayOf(element, length, at));
      } else return suffixes;
      if (suffixes.length > DEPTH_LIMIT) throw this.#fail(messages.tooDeep);
    }
  }

  #arrayLength(): number {
    const at = this.#tokens.current;
    const { value } = this.#constant();
    if (value < 0n) throw this.#fail(messages.negativeSize, at);
    if (value > BigInt(SIZE_LIMIT)) throw this.#fail(messages.arrayTooLarge, at);
    return Number(value);
  }

  #arrayOf(element: CType, length: number, at: CToken): CType {
    if (element.incomplete !== undefined) throw this.#fail(messages.incompleteField(element.incomplete), at);
    if (element.size * length > SIZE_LIMIT) throw this.#fail(messages.arrayTooLarge, at);
    return arrayType(element, length);
  }

  // Constants

  #constant(): CValue {
    return evaluate(this.#tokens, this.#evaluation);
  }

  /** Evaluates tokens that stand elsewhere: the body of a macro. Reports nothing. */
  valueOf(tokens: readonly CToken[]): CValue | undefined {
    const [last] = tokens.slice(-1);
    if (!last) return undefined;
    const place = new CTokens([...tokens, { ...last, kind: 'end', text: '' }]);
    try {
      const value = evaluate(place, {
        ...this.#evaluation,
        fail: () => new CFailure(),
        type: (at) => this.#castType(at),
      });
      return place.ended ? value : undefined;
    } catch (error) {
      if (error instanceof CFailure) return undefined;
      throw error;
    }
  }

  readonly #evaluation = {
    preprocessor: false,
    fail: (token: CToken, message: string): CFailure => this.#fail(message, token),
    name: (tokens: CTokens): CValue => this.#constantName(tokens),
    type: (): { size: number; bits: number; unsigned: boolean } | undefined =>
      this.#beginsType(this.#tokens.current) ? this.#typeName() : undefined,
  };

  #constantName(tokens: CTokens): CValue {
    const token = tokens.next();
    const own = this.#enumeratorsSoFar.get(token.text) ?? this.enumerators.get(token.text)?.value;
    if (own !== undefined)
      return { value: own, bits: own >= -(2n ** 31n) && own < 2n ** 31n ? 32 : 64, unsigned: false };
    const outer = this.#outer.constant(token.text);
    if (!outer)
      throw tokens === this.#tokens ? this.#fail(messages.undeclared(token.text), token) : new CFailure();
    return outer;
  }

  #beginsType(token: CToken): boolean {
    return (
      token.kind === 'name' &&
      (BASIC_WORDS.has(token.text) || QUALIFIERS.has(token.text) || this.#startsType(token))
    );
  }

  #typeName(): { size: number; bits: number; unsigned: boolean } {
    const at = this.#tokens.current;
    const base = this.#specifiers({ packed: false, align: undefined });
    const type = this.#wrapped(base.type, this.#declarator(base.space).wraps);
    if (type.incomplete !== undefined) throw this.#fail(messages.incompleteSize(type.incomplete), at);
    return { size: type.size, ...bitsOf(type) };
  }

  /** In the text of a macro: names of integers with stars behind them, no more. */
  #castType(tokens: CTokens): { size: number; bits: number; unsigned: boolean } | undefined {
    const words: string[] = [];
    const start = tokens.at;
    let type: CType | undefined;
    let any = false;
    for (; tokens.current.kind === 'name'; tokens.next()) {
      const { text } = tokens.current;
      if (BASIC_WORDS.has(text)) words.push(text);
      else if (!QUALIFIERS.has(text)) {
        if (any || !(type = this.#named(text))) break;
      }
      any ||= !QUALIFIERS.has(text);
    }
    type ??= words.length > 0 ? basicType(words) : undefined;
    if (!type || !(tokens.is(')') || tokens.is('*'))) {
      tokens.at = start;
      return undefined;
    }
    while (tokens.accept('*')) type = pointerTo(type, 'unknown');
    return { size: type.size, ...bitsOf(type) };
  }
}

function bitsOf(type: CType): { bits: number; unsigned: boolean } {
  const made = type.type();
  const unsigned = !((made.kind === 'int' || made.kind === 'enum') && made.signed);
  return { bits: type.size * 8, unsigned };
}

/** `unsigned int` unless a value is negative, wider if one needs it. */
function enumType(
  name: string,
  values: readonly { readonly name: string; readonly value: bigint }[],
  packed: boolean,
): EnumType {
  const signed = values.some(({ value }) => value < 0n);
  const fits = (bits: number): boolean =>
    values.every(
      ({ value }) => (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value,
    );
  const widths = packed ? ([8, 16, 32] as const) : ([32] as const);
  return { kind: 'enum', name, bits: widths.find(fits) ?? 64, signed, values };
}
