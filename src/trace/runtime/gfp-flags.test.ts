import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagsText, parseFlags } from './gfp-flags.ts';

// The form of the kernel's own text, shortened: 6.1 has numbers, later ones have bits by name.
const numbers =
  'print fmt: "call_site=%pS gfp_flags=%s", (void *)REC->call_site, (REC->gfp_flags) ? __print_flags(REC->gfp_flags, ' +
  '"|", {( unsigned long)(((((((( gfp_t)(0x400u|0x800u)) | (( gfp_t)0x40u) | (( gfp_t)0x80u)) | (( gfp_t)0x20000u)) ' +
  '| (( gfp_t)0x02u))))), "GFP_HIGHUSER"}, {( unsigned long)((( gfp_t)(0x400u|0x800u)) | (( gfp_t)0x40u) | ' +
  '(( gfp_t)0x80u)), "GFP_KERNEL"}, {( unsigned long)(( gfp_t)0x100u), "__GFP_ZERO"} ) : "none"';
const bits =
  'print fmt: "%s", (REC->gfp_flags) ? __print_flags(REC->gfp_flags, "|", {( unsigned long)((( gfp_t)((((1UL))) << ' +
  '(___GFP_IO_BIT))) | (( gfp_t)((((1UL))) << (___GFP_FS_BIT)))), "GFP_BOTH"}, {( unsigned long)(( gfp_t)((((1UL))) ' +
  '<< (___GFP_UNKNOWN_BIT))), "__GFP_UNKNOWN"} ) : "none"';

test('the table of a kernel that prints numbers', () => {
  assert.deepEqual(
    parseFlags(numbers, () => undefined),
    [
      { value: 0x20cc2n, name: 'GFP_HIGHUSER' },
      { value: 0xcc0n, name: 'GFP_KERNEL' },
      { value: 0x100n, name: '__GFP_ZERO' },
    ],
  );
});

test('the table of a kernel that names its bits; a name that nobody knows is left out', () => {
  const known = new Map([
    ['___GFP_IO_BIT', 6n],
    ['___GFP_FS_BIT', 7n],
  ]);
  assert.deepEqual(
    parseFlags(bits, (name) => known.get(name)),
    [{ value: 0xc0n, name: 'GFP_BOTH' }],
  );
});

test('sets come before their parts, what has no name is a number', () => {
  const table = parseFlags(numbers, () => undefined);
  assert.equal(flagsText(0xcc0n, table), 'GFP_KERNEL');
  assert.equal(flagsText(0xdc0n, table), 'GFP_KERNEL|__GFP_ZERO');
  assert.equal(flagsText(0xcc0n | 1n, table), 'GFP_KERNEL|0x1');
  assert.equal(flagsText(0n, table), '0');
  assert.equal(flagsText(5n, []), '0x5');
});
