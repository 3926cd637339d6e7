/**
 * Rust's second mangling (RFC 2603): a small grammar in which every piece begins with the letter that says what
 * it is. `_RNvCs1_5crate4main` is N(amespace v(alue)) of C(rate) `crate`, named `main`.
 *
 * A piece may be a reference back (`B`) to where an equal one stood, which is read again there. So a short name
 * can stand for an endless text, and the output and the depth have limits. Disambiguators (`s1_`) are left out,
 * as rustc's own tools do for people.
 */

class Broken extends Error {}

const MAX_DEPTH = 200;
const MAX_TEXT = 1 << 14;

const basicTypes: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
};

export function demangleRustV0(name: string): string | undefined {
  if (!name.startsWith('_R')) return undefined;
  try {
    return new Demangler(name.slice(2).replace(/\..*$/s, '')).symbol();
  } catch (error) {
    if (error instanceof Broken) return undefined;
    throw error;
  }
}

class Demangler {
  readonly #text: string;
  #at = 0;
  #out = '';
  #depth = 0;
  /** Lifetimes of the `for<…>` around. */
  #bound = 0;

  constructor(text: string) {
    this.#text = text;
  }

  symbol(): string {
    // A version would mean a newer grammar.
    if (/^\d/.test(this.#text)) throw new Broken();
    this.#path(true);
    const name = this.#out;
    // The crate that made the instance of a generic: checked, not shown.
    if (this.#at < this.#text.length) this.#path(false);
    if (this.#at !== this.#text.length) throw new Broken();
    return name;
  }

  #write(text: string): void {
    this.#out += text;
    if (this.#out.length > MAX_TEXT) throw new Broken();
  }

  #next(): string {
    const letter = this.#text[this.#at++];
    if (letter === undefined) throw new Broken();
    return letter;
  }

  #take(letter: string): boolean {
    if (this.#text[this.#at] !== letter) return false;
    this.#at++;
    return true;
  }

  /** One level down; names nest no deeper than programs do. */
  #inside(read: () => void): void {
    if (++this.#depth > MAX_DEPTH) throw new Broken();
    read();
    this.#depth--;
  }

  /** `_` is 0, `0_` is 1, and so on. */
  #base62(): number {
    const start = this.#at;
    let value = 0;
    for (;;) {
      const letter = this.#next();
      if (letter === '_') return this.#at === start + 1 ? 0 : value + 1;
      const digit = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.indexOf(letter);
      value = value * 62 + digit;
      if (digit < 0 || value > Number.MAX_SAFE_INTEGER / 64) throw new Broken();
    }
  }

  #optional(letter: string): number {
    return this.#take(letter) ? this.#base62() + 1 : 0;
  }

  /** Reads again where an equal piece stood. */
  #back(read: () => void): void {
    const from = this.#at - 1;
    const to = this.#base62();
    if (to >= from) throw new Broken();
    const after = this.#at;
    this.#at = to;
    this.#inside(read);
    this.#at = after;
  }

  #identifier(): { name: string; disambiguator: number } {
    const disambiguator = this.#optional('s');
    return { name: this.#plainIdentifier(), disambiguator };
  }

  #plainIdentifier(): string {
    const encoded = this.#take('u');
    const digits = /^(0|[1-9]\d{0,4})/.exec(this.#text.slice(this.#at, this.#at + 6))?.[0];
    if (digits === undefined) throw new Broken();
    this.#at += digits.length;
    this.#take('_');
    const name = this.#text.slice(this.#at, this.#at + Number(digits));
    if (name.length !== Number(digits)) throw new Broken();
    this.#at += name.length;
    return encoded ? decodePunycode(name) : name;
  }

  /** @param value whether it names a value: then generics are written `::<T>` */
  #path(value: boolean): void {
    this.#inside(() => {
      const letter = this.#next();
      switch (letter) {
        case 'C':
          this.#write(this.#identifier().name);
          return;
        case 'N':
          return this.#nested(value);
        case 'M':
        case 'X':
          this.#optional('s');
          this.#silently(() => this.#path(false));
          return this.#qualified(letter === 'X');
        case 'Y':
          return this.#qualified(true);
        case 'I':
          this.#path(value);
          this.#write(value ? '::<' : '<');
          this.#list(() => this.#genericArgument());
          this.#write('>');
          return;
        case 'B':
          return this.#back(() => this.#path(value));
        default:
          throw new Broken();
      }
    });
  }

  #silently(read: () => void): void {
    const before = this.#out;
    read();
    this.#out = before;
  }

  #nested(value: boolean): void {
    const namespace = this.#next();
    if (!/[a-zA-Z]/.test(namespace)) throw new Broken();
    this.#path(value);
    const { name, disambiguator } = this.#identifier();
    if (/[a-z]/.test(namespace)) {
      if (name !== '') this.#write(`::${name}`);
      return;
    }
    const kind = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace;
    this.#write(`::{${kind}${name === '' ? '' : `:${name}`}#${disambiguator}}`);
  }

  #qualified(trait: boolean): void {
    this.#write('<');
    this.#type();
    if (trait) {
      this.#write(' as ');
      this.#path(false);
    }
    this.#write('>');
  }

  /** Until `E`, with commas between; the number of them. */
  #list(read: () => void): number {
    let count = 0;
    for (; !this.#take('E'); count++) {
      if (count > 0) this.#write(', ');
      read();
    }
    return count;
  }

  #genericArgument(): void {
    if (this.#take('L')) this.#lifetime(this.#base62());
    else if (this.#take('K')) this.#const();
    else this.#type();
  }

  #lifetime(index: number): void {
    if (index === 0) return this.#write("'_");
    const depth = this.#bound - index;
    if (depth < 0) throw new Broken();
    this.#write(lifetimeName(depth));
  }

  #binder(read: () => void): void {
    const count = this.#optional('G');
    if (count > MAX_DEPTH) throw new Broken();
    if (count > 0) {
      const names = Array.from({ length: count }, (_, i) => lifetimeName(this.#bound + i));
      this.#write(`for<${names.join(', ')}> `);
    }
    this.#bound += count;
    read();
    this.#bound -= count;
  }

  #type(): void {
    this.#inside(() => {
      const letter = this.#next();
      const basic = basicTypes[letter];
      if (basic !== undefined) return this.#write(basic);
      switch (letter) {
        case 'R':
        case 'Q': {
          this.#write('&');
          if (this.#take('L')) {
            const lifetime = this.#base62();
            if (lifetime !== 0) {
              this.#lifetime(lifetime);
              this.#write(' ');
            }
          }
          if (letter === 'Q') this.#write('mut ');
          return this.#type();
        }
        case 'P':
        case 'O':
          this.#write(letter === 'P' ? '*const ' : '*mut ');
          return this.#type();
        case 'A':
        case 'S':
          this.#write('[');
          this.#type();
          if (letter === 'A') {
            this.#write('; ');
            this.#const();
          }
          return this.#write(']');
        case 'T': {
          this.#write('(');
          const count = this.#list(() => this.#type());
          return this.#write(count === 1 ? ',)' : ')');
        }
        case 'F':
          return this.#binder(() => this.#function());
        case 'D':
          return this.#dyn();
        case 'B':
          return this.#back(() => this.#type());
        default:
          this.#at--;
          return this.#path(false);
      }
    });
  }

  #function(): void {
    if (this.#take('U')) this.#write('unsafe ');
    if (this.#take('K')) {
      const abi = this.#take('C') ? 'C' : this.#plainIdentifier().replaceAll('_', '-');
      this.#write(`extern "${abi}" `);
    }
    this.#write('fn(');
    this.#list(() => this.#type());
    this.#write(')');
    if (this.#take('u')) return;
    this.#write(' -> ');
    this.#type();
  }

  #dyn(): void {
    this.#write('dyn ');
    this.#binder(() => {
      for (let first = true; !this.#take('E'); first = false) {
        if (!first) this.#write(' + ');
        this.#dynTrait();
      }
    });
    if (!this.#take('L')) throw new Broken();
    const lifetime = this.#base62();
    if (lifetime !== 0) {
      this.#write(' + ');
      this.#lifetime(lifetime);
    }
  }

  #dynTrait(): void {
    this.#path(false);
    let open = this.#out.endsWith('>') ? ', ' : '<';
    const generics = open === ', ';
    if (!this.#take('p')) return;
    if (generics) this.#out = this.#out.slice(0, -1);
    do {
      this.#write(`${open}${this.#plainIdentifier()} = `);
      this.#type();
      open = ', ';
    } while (this.#take('p'));
    this.#write('>');
  }

  #const(): void {
    this.#inside(() => {
      if (this.#take('B')) return this.#back(() => this.#const());
      const type = this.#next();
      if (type === 'p') return this.#write('_');
      const negative = this.#take('n');
      const digits = /^[0-9a-f]*_/.exec(this.#text.slice(this.#at, this.#at + 40))?.[0];
      if (digits === undefined) throw new Broken();
      this.#at += digits.length;
      const value = BigInt(`0x0${digits.slice(0, -1)}`);
      if (type === 'b') return this.#write(value === 0n ? 'false' : 'true');
      if (type === 'c') return this.#write(characterText(value));
      if (!/[ahilmnosjtxy]/.test(type)) throw new Broken();
      this.#write(`${negative ? '-' : ''}${value}`);
    });
  }
}

function lifetimeName(depth: number): string {
  return depth < 26 ? `'${String.fromCharCode(0x61 + depth)}` : `'_${depth}`;
}

function characterText(value: bigint): string {
  const point = Number(value);
  if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) throw new Broken();
  const plain = point >= 0x20 && point < 0x7f && point !== 0x27 && point !== 0x5c;
  return plain ? `'${String.fromCodePoint(point)}'` : `'\\u{${point.toString(16)}}'`;
}

/** RFC 3492, with `_` for its delimiter, since `-` cannot be in a symbol. */
function decodePunycode(text: string): string {
  const split = text.lastIndexOf('_');
  const out = split < 0 ? [] : [...text.slice(0, split)].map((letter) => letter.codePointAt(0)!);
  let code = 128;
  let index = 0;
  let bias = 72;
  for (let at = split + 1; at < text.length; ) {
    const before = index;
    let weight = 1;
    for (let k = 36; ; k += 36) {
      const digit = 'abcdefghijklmnopqrstuvwxyz0123456789'.indexOf(text[at++] ?? '!');
      if (digit < 0) throw new Broken();
      index += digit * weight;
      const threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
      if (digit < threshold) break;
      weight *= 36 - threshold;
      if (weight > 2 ** 40) throw new Broken();
    }
    const count = out.length + 1;
    let delta = Math.floor((index - before) / (before === 0 ? 700 : 2));
    delta += Math.floor(delta / count);
    let shift = 0;
    for (; delta > 455; shift += 36) delta = Math.floor(delta / 35);
    bias = shift + Math.floor((36 * delta) / (delta + 38));
    code += Math.floor(index / count);
    index %= count;
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new Broken();
    out.splice(index++, 0, code);
  }
  return String.fromCodePoint(...out);
}
