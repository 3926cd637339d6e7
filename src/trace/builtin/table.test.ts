import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidOf } from '../check/testing.ts';
import { builtins, findBuiltin } from './table.ts';

/** Sections 2.7 to 2.9 of the reference. */
const required = `
  args cgroup comm cpid has_cpid cpu ctx curtask elapsed func gid jiffies kstack leader_comm leader_tid ncpus nsecs
  numaid pid tid pcomm ppid probe probetype rand retval uid username usermode ustack dw_ustack
  bswap buf cgroupid cgroup_path container_of default_str_length find getopt has_key is_array is_err is_integer
  is_literal is_ptr is_str is_unsigned_integer is_scalar kaddr percpu_kaddr kfunc_exist kfunc_allowed kptr uptr ksym usym
  len macaddr memcmp ntop path pton reg signal_name socket_cookie str str_concat strcap strlen strcontains strerror
  strftime strncmp strstr syscall_name uaddr
  assert assert_str static_assert fail delete print printf errorf warnf debugf cat join time clear zero exit skboutput
  unwatch override signal signal_thread system write_user
  count sum min max avg stats hist lhist tseries`
  .trim()
  .split(/\s+/);

test('every built-in of the language is in the table, once', () => {
  const names = builtins.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names);
  assert.deepEqual([...names].sort(), [...required].sort());
});

test('every built-in is documented', () => {
  for (const { name, documentation } of builtins) {
    assert.ok(documentation.signature.includes(name), name);
    assert.match(documentation.text, /^[A-Z0-9`].*[.`0]$/s, name);
  }
});

test("the parser's own names are names of built-ins", () => {
  for (const name of [
    'comm',
    'cpid',
    'cpu',
    'dw_ustack',
    'elapsed',
    'func',
    'ncpus',
    'probe',
    'retval',
    'usermode',
  ]) {
    assert.equal(findBuiltin(`__builtin_${name}`), findBuiltin(name));
  }
});

test('arguments are numbered from 0 to 255', () => {
  assert.equal(findBuiltin('arg0')?.name, 'arg0');
  assert.equal(findBuiltin('arg255')?.name, 'arg255');
  for (const name of ['arg256', 'arg', 'arg01', 'arg-1', 'sarg0']) assert.equal(findBuiltin(name), undefined);
});

const many = Array.from({ length: 130 }, () => '1');

for (const { name, kind, arity = [0, 0] } of builtins) {
  test(`${name}() says how many arguments it takes`, () => {
    const call = (count: number): string =>
      `${kind === 'map' ? '@ = ' : ''}${name}(${many.slice(0, count).join(', ')})`;
    const said = (count: number): string =>
      saidOf(`kprobe:f { ${call(count)}; }`, { unsafe: true }).find(
        (one) => one.includes('provided)') && one.includes(' argument'),
      ) ?? '';
    const [least, most] = arity;
    const plural = (count: number): string => (count === 1 ? 'one argument' : `${count} arguments`);
    const expected = (count: number): string => {
      if (least === most) return least === 0 ? 'requires no arguments' : `requires ${plural(least)}`;
      return count < least ? `requires at least ${plural(least)}` : `takes up to ${plural(most)}`;
    };
    for (const count of least === 0 ? [most + 1] : [least - 1, most + 1]) {
      assert.ok(said(count).endsWith(`: ${name}() ${expected(count)} (${count} provided)`), said(count));
    }
  });
}

test('what is unsafe is refused without --unsafe', () => {
  const unsafe = builtins.filter((builtin) => builtin.unsafe === true).map(({ name }) => name);
  assert.deepEqual(unsafe.sort(), ['override', 'signal', 'signal_thread', 'system', 'write_user']);
  for (const call of [
    'override(1)',
    'signal(9)',
    'signal_thread("SIGKILL")',
    'system("ls")',
    'write_user(arg0, 1, 8)',
  ]) {
    const name = call.slice(0, call.indexOf('('));
    const script = `kprobe:f { ${call}; }`;
    assert.deepEqual(saidOf(script), [
      `error 12-${12 + call.length}: ${name}() is an unsafe function being used in safe mode`,
    ]);
    assert.deepEqual(saidOf(script, { unsafe: true }), []);
  }
});
