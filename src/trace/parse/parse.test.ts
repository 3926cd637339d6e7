import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Diagnostics } from '../diagnostic.ts';
import { parseProgram } from './parse.ts';

function errorsOf(text: string, tolerant = false): string[] {
  const diagnostics = new Diagnostics();
  parseProgram({ name: 'stdin', text }, diagnostics, { tolerant });
  return diagnostics.list.map(({ message, span }) => `${span?.start}-${span?.end}: ${message}`);
}

test('a program of every kind of item is read without complaint', () => {
  const text = `#!/usr/bin/env bpftrace
#include <linux/sched.h>
#ifndef BPFTRACE_HAVE_BTF
struct x { int a; } __attribute__((packed));
#endif
config = { missing_probes = warn; max_strlen = 64; on_stack_limit = 0x10; license = "GPL"; cpp_demangle = true }
import "lib.bt";
let @m = lruhash(100);
macro twice($x, @m, e) { $x = e; @m[e] = 2 }
fn add($a : int64, $b : struct x *) : int64 { return $a; }
BEGIN, end { print("hi"); }
name=kprobe:do_*,
uprobe:/bin/bash:readline, /pid == 1 / 2/ { @[pid, comm] = count() }
interval:s:1 { for $i : 0..10 { if $i == 3 { break; } } unroll 3 { @x++; } while (1) { continue } }
`;
  assert.deepEqual(errorsOf(text), []);
});

test('in an editor every error of a program is reported, each once', () => {
  assert.deepEqual(errorsOf('BEGIN { $x = ; foo( ; ok(1); @ x } END { @a = }', true), [
    '13-14: syntax: expected expression',
    '20-21: syntax: expected expression',
    "31-32: syntax: expected ';'",
    '46-47: syntax: expected expression',
  ]);
});
