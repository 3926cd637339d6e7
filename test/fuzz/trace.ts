/**
 * Broken scripts: lexer, parser, formatter and C definitions answer with a tree and diagnostics, soon; what parses
 * without an error is formatted into text that parses to the same tree.
 *
 *     node --import tsx test/fuzz/trace.ts 1000000 7
 */
import { pathToFileURL } from 'node:url';
import type { Node, Program } from '../../src/trace/ast/nodes.ts';
import { walk } from '../../src/trace/ast/walk.ts';
import { readDefinitions } from '../../src/trace/cdefs/scope.ts';
import { Diagnostics } from '../../src/trace/diagnostic.ts';
import { formatProgram } from '../../src/trace/format/format.ts';
import { sourceFromBytes } from '../../src/trace/lex/bytes.ts';
import { parseProgram } from '../../src/trace/parse/parse.ts';
import { renderDiagnostics } from '../../src/trace/render.ts';
import type { Source } from '../../src/trace/source.ts';
import { withoutSpans } from '../support/trace-program.ts';
import { type FuzzReport, fuzz, fuzzFromCommandLine } from './mutate.ts';

const SCRIPTS = [
  `#!/usr/bin/env bpftrace
#include <linux/sched.h>
#define LENGTH (4 * 2)
#if LENGTH > 3 && defined(BPFTRACE_HAVE_BTF)
struct x { int a : 3; char b[LENGTH]; struct x *next; union { u64 q; }; } __attribute__((packed));
#else
typedef enum { A = 1, B = A << 2 } e_t;
#endif
config = { missing_probes = warn; max_strlen = 64 }
import "lib.bt";
`,
  `let @m = lruhash(100);
macro twice($x, @m, e) { $x = e; @m[e] = 2 }
fn add($a : int64, $b : struct x *) : int64 { return $a; }
BEGIN /* c */ { printf("hi %s\\n", str(args.path)); @[pid, comm] = count(); } // end
`,
  `kprobe:do_*, uprobe:/bin/bash:readline /pid == 1 / 2/ { $a = (struct sock *)arg0; $b = $a->__sk_common.x; @t[tid] = nsecs }
interval:s:1 { for $i : 0..10 { if ($i == 3) { break; } else { @x++; } } unroll 3 { ++@x; } while (1) { continue } }
`,
  `end { $t = (1, "a\\x41", (b = 2, c = 3ms)); print($t.0 ?: 5); let $x : uint8[4]* = (uint64)-1 ? sizeof(int) : 0x1f; clear(@) }
`,
  // Most changes of these fall where they break nothing, and what is left goes through the formatter.
  `// ${'a comment that goes on, é 日 "quoted" /* */ '.repeat(20)}\nBEGIN { print("${'text '.repeat(60)}"); }\n`,
  `kprobe:f { /* ${'words, $x @m { } ; '.repeat(40)} */ @a["${'key '.repeat(40)}", 1] = 2; } // ${'end '.repeat(20)}`,
].map((text) => Uint8Array.from(Buffer.from(text, 'utf8')));

const WORDS =
  'begin kprobe:f { } ( ) [ ] ; , / $x @m @ $1 $# a if else for while unroll let return 1 0x1f 5ms "s" = == += ++ -- + - * & ! ~ ? : . -> .. ( ) { } ; comptime sizeof typeof struct x uint64 config macro fn import true // \n /* */ # #if #define #endif enum typedef int union __attribute__ , 08 1_ "\\q" <<= && ||'.split(
    ' ',
  );

const C_WORDS =
  'struct union enum x y { } ( ) [ ] ; , * : ? = int char long unsigned const typedef A B C 1 2 0 -1 sizeof ( ) { } ; [ ] __attribute__((packed)) __attribute__((aligned(4))) \n#define \n#define \n#if \n#ifdef \n#else \n#elif \n#endif \n#undef defined + << / && || \'a\' "s" \n \n struct{int a:3;}; BEGIN{} <linux/x.h> \n#include'.split(
    ' ',
  );

/** Scripts of words by chance: the first byte chooses the list, each of the others a word. */
const LISTS: ReadonlyMap<number | undefined, readonly string[]> = new Map([
  [0xff, WORDS],
  [0xfe, C_WORDS],
]);
const chosen = [...LISTS.keys()].flatMap((mark) =>
  [37, 61, 101, 149].map((step) =>
    Uint8Array.from({ length: 60 }, (_, i) => (i === 0 ? (mark ?? 0) : (i * step) % 251)),
  ),
);

function scriptOf(bytes: Uint8Array): Uint8Array {
  const list = LISTS.get(bytes[0]);
  if (!list) return bytes;
  const text = Array.from(bytes.subarray(1), (byte) => list[byte % list.length]).join(' ');
  return Buffer.from(list === C_WORDS ? `#define A B\nstruct ${text}` : text);
}

function checkSpans(program: Program, source: Source): void {
  walk(program, (node: Node) => {
    const { start, end } = node.span;
    if (!(start >= 0 && start <= end && end <= source.text.length))
      throw new Error(`${node.kind} at ${start} to ${end} of ${source.text.length}`);
  });
}

function checkFormat(program: Program): void {
  const text = formatProgram(program);
  const diagnostics = new Diagnostics();
  const again = parseProgram({ name: 'formatted', text }, diagnostics);
  if (diagnostics.failed) throw new Error(`formatted: ${diagnostics.list[0]!.message}\n${text}`);
  if (withoutSpans(again) !== withoutSpans(program)) throw new Error(`another tree:\n${text}`);
  const twice = formatProgram(again);
  if (twice !== text) throw new Error(`formatted twice:\n${text}\n---\n${twice}`);
  if (again.comments.length !== program.comments.length) throw new Error(`lost comments:\n${text}`);
}

function look(bytes: Uint8Array): 'accepted' | 'refused' {
  const source = sourceFromBytes('fuzz', scriptOf(bytes));
  const diagnostics = new Diagnostics();
  const program = parseProgram(source, diagnostics);
  checkSpans(program, source);
  if (!diagnostics.failed) checkFormat(program);
  const scope = readDefinitions(program.definitions, { readFile: () => undefined }, diagnostics);
  scope.type('x', 'struct');
  scope.constant('LENGTH');
  scope.expansion('LENGTH');
  renderDiagnostics(diagnostics.list, { escape: true });
  return diagnostics.failed ? 'refused' : 'accepted';
}

export function fuzzTrace(iterations: number, seed: number): FuzzReport {
  return fuzz([...SCRIPTS, ...chosen], iterations, seed, look);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) fuzzFromCommandLine(fuzzTrace);
