/**
 * Writes include/bpf/bpf_helper_defs.h: the helper functions of BPF programs as C calls them.
 *
 * `node scripts/helper-declarations.mjs /usr/include/linux/bpf.h` reads prototypes and numbers out of the kernel's
 * own interface header (Debian: linux-libc-dev); run it again when a newer header has more.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const header = readFileSync(process.argv[2] ?? '/usr/include/linux/bpf.h', 'utf8');

/** name → number, in order: older headers list them without numbers. */
const numbers = new Map();
for (const [, name, number] of header.matchAll(/^\s*FN\((\w+)(?:, (\d+), \/\*\w*\*\/)?\)/gm)) {
  numbers.set(name, number === undefined ? numbers.size : Number(number));
}

/** Later than Debian 12's header. */
const later = [
  [
    'void *',
    'bpf_cgrp_storage_get',
    'struct bpf_map *map, struct cgroup *cgroup, void *value, u64 flags',
    210,
  ],
  ['long ', 'bpf_cgrp_storage_delete', 'struct bpf_map *map, struct cgroup *cgroup', 211],
];

const prototypes = [];
const pattern = /^ \* ((?:const )?(?:unsigned )?\w+(?: \w+)? \*?)(bpf_\w+)\(([^)]*)\)$/gm;
for (const [, returns, name, parameters] of header.matchAll(pattern)) {
  const number = numbers.get(name.slice(4));
  if (number === undefined) continue;
  const same = prototypes.find((one) => one[3] === number);
  // Some helpers take the context of several kinds of programs.
  if (same) same[2] = same[2].replace(/^(?:struct \w+|void) \*\w+/, 'void *ctx');
  else prototypes.push([returns, name, parameters, number]);
}
for (const one of later) if (!numbers.has(one[1].slice(4))) prototypes.push(one);
prototypes.sort((a, b) => a[3] - b[3]);

/** What the kernel calls the contexts of programs, and what programs call them. */
const contexts = [
  ['sk_buff', '__sk_buff'],
  ['xdp_buff', 'xdp_md'],
  ['sk_msg_buff', 'sk_msg_md'],
];

const kernelTypes = new Set();
const inC = (/** @type {string} */ text) => {
  const typed = text
    .replace(/\b(const )?struct bpf_map \*/g, 'void *')
    .replace(/\b([us](?:8|16|32|64))\b/g, '__$1')
    .replace(/\bbe(16|32)\b/g, '__be$1')
    .replace(/struct (\w+)/g, (whole, name) => {
      const known = contexts.find(([kernel]) => kernel === name);
      return known ? `struct ${known[1]}` : whole;
    });
  for (const [, name] of typed.matchAll(/struct (\w+)/g)) kernelTypes.add(name);
  return typed;
};
const lines = prototypes.map(([returns, name, parameters, number]) => {
  const type = inC(returns).trimEnd();
  return `static ${type}${type.endsWith('*') ? '' : ' '}(*const ${name})(${inC(parameters)}) = (void *) ${number};`;
});
const text = `/* SPDX-License-Identifier: MIT */
/*
 * The helper functions of BPF programs: prototypes and numbers of include/uapi/linux/bpf.h.
 * Written by scripts/helper-declarations.mjs.
 */
#pragma once

${[...kernelTypes]
  .sort()
  .map((name) => `struct ${name};`)
  .join('\n')}

${lines.join('\n')}
`;
const target = join(dirname(dirname(fileURLToPath(import.meta.url))), 'include', 'bpf', 'bpf_helper_defs.h');
writeFileSync(target, text);
process.stdout.write(`${prototypes.length} helpers, highest number ${prototypes.at(-1)?.[3]}\n`);
