import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { demangleRust, isRustName } from './rust.ts';

const legacy = (...parts: string[]): string =>
  `_ZN${parts.map((part) => `${part.length}${part}`).join('')}17h0123456789abcdefE`;

test('names of the first mangling lose their hash and get their characters back', () => {
  for (const [mangled, name] of [
    ['_ZN4core3fmt5write17h01234567890abcdeE', 'core::fmt::write'],
    ['_ZN4core3fmt5write17h01234567890abcdeE.llvm.123456', 'core::fmt::write'],
    [
      legacy('_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..fmt..Debug$GT$', 'fmt'),
      '<alloc::vec::Vec<T> as core::fmt::Debug>::fmt',
    ],
    [legacy('foo', '_$u7b$$u7b$closure$u7d$$u7d$'), 'foo::{{closure}}'],
  ] as const) {
    assert.ok(isRustName(mangled), mangled);
    assert.equal(demangleRust(mangled), name);
  }
});

test('C++ names are no Rust names', () => {
  for (const name of ['_ZN2ns4workEi', '_Z3foov', '_ZN3foo17h0000000000000000E', 'main', '_reset']) {
    assert.ok(!isRustName(name), name);
  }
  assert.equal(demangleRust('_Reset'), undefined);
});

test('names of the second mangling', () => {
  for (const [mangled, name] of [
    ['_RNvC6_123foo3bar', '123foo::bar'],
    ['_RNvCs1_7mycrate4main', 'mycrate::main'],
    ['_RNCNvC4test4main0B3_', 'test::main::{closure#0}'],
    ['_RNCNvC4test4mains_0B3_', 'test::main::{closure#1}'],
    ['_RINvC4test3fooReE', 'test::foo::<&str>'],
    ['_RINvC4test3fooNtNtC3std6string6StringhE', 'test::foo::<std::string::String, u8>'],
    ['_RINvC4test3fooTlmEAhj10_E', 'test::foo::<(i32, u32), [u8; 16]>'],
    ['_RNvMC4testNtB2_3Foo3new', '<test::Foo>::new'],
    ['_RNvXC4testNtB2_3FooNtNtC4core3fmt5Debug3fmt', '<test::Foo as core::fmt::Debug>::fmt'],
    ['_RINvC4test3fooFUKCPhEuE', 'test::foo::<unsafe extern "C" fn(*const u8)>'],
    ['_RINvC4test3fooDNtC4core4SendEL_E', 'test::foo::<dyn core::Send>'],
    ['_RINvC4test3fooDINtC4core2FnlEp6OutputhEL_E', 'test::foo::<dyn core::Fn<i32, Output = u8>>'],
    ['_RINvC4test3fooFG_RL0_hERL0_hE', "test::foo::<for<'a> fn(&'a u8) -> &'a u8>"],
    ['_RINvC4test3fooKlna_Kb1_Kc41_E', "test::foo::<-10, true, 'A'>"],
    ['_RNvC4testu7caf_dma', 'test::café'],
    ['_RNvC4test3foo.llvm.99', 'test::foo'],
  ] as const) {
    assert.equal(demangleRust(mangled), name, mangled);
  }
});

test('short names for endless texts have an end', () => {
  const bomb = `_RINvC1a1b${'TB8_'.repeat(400)}${'E'.repeat(400)}E`;
  const doubling = `_RINvC1a1bTlE${Array.from({ length: 60 }, () => 'TB9_B9_E').join('')}E`;
  for (const name of [bomb, doubling, `_R${'M'.repeat(5000)}`, `_R${'I'.repeat(10_000)}`]) {
    const started = performance.now();
    demangleRust(name);
    assert.ok(performance.now() - started < 500, name.slice(0, 20));
  }
});

test('no text makes the reader throw', () => {
  const piece = fc.constantFrom(
    ...'RNvCMXYIBTAESQPOFDLKGUpsun_0123abceh$.'.split(''),
    '4test',
    '$LT$',
    '$u7f$',
    '17h0123456789abcdefE',
  );
  fc.assert(
    fc.property(fc.constantFrom('_R', '_ZN'), fc.array(piece, { maxLength: 40 }), (start, pieces) => {
      demangleRust(start + pieces.join(''));
    }),
    { numRuns: 3000 },
  );
});
