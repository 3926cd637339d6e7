/** Options that several commands have. */
import type { OptionSpec } from '../command.ts';

export const json: OptionSpec = {
  long: 'json',
  description: 'JSON lines with stable names and exact numbers',
};

export const plain: OptionSpec = {
  short: 'n',
  long: 'no-pretty',
  description: 'plain characters, no pictures',
};

export const format: OptionSpec = {
  short: 'f',
  long: 'format',
  value: 'fields',
  description: "fields to show, separated by ',' without spaces (e.g. 'tid,pid,reaper'); may repeat",
  repeats: true,
  completion: { kind: 'fieldList' },
};

export const capture: OptionSpec = {
  short: 'c',
  long: 'capture',
  value: 'file',
  description:
    "look into a file that 'bpfkit dump' or bpftree wrote, not at this machine ('-': standard input)",
  completion: { kind: 'file' },
};
