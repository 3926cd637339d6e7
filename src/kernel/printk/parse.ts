/**
 * The text of trace_pipe, taken apart:
 *
 *                 node-1409    [001] ...2.  3005.241316: bpf_trace_printk: hello
 *
 * Sixteen columns of the thread's name, its number, the CPU, flags, the time, the event, and what the program said.
 * Neither the name nor the message is safe to cut at line feeds, since both may hold some; a record ends where the
 * head of the next one begins. A program can write such a head itself: what it says is text, and proves nothing.
 */
import { KernelString } from '../../text/kernel-string.ts';

export interface PrintkRecord {
  readonly comm: KernelString;
  /** The thread that ran when the program did. */
  readonly tid: number;
  readonly cpu: number;
  /** Seconds of the trace clock, as the kernel writes them. */
  readonly time: string;
  /** Without the line feeds at its end. */
  readonly message: KernelString;
}

export interface ParsedTrace {
  readonly records: readonly PrintkRecord[];
  /** Records that the kernel had no room for. */
  readonly lost: number;
}

/** With `record-tgid` a column in parentheses follows the number. */
const head = /^([\s\S]{16})-(\d+) +(?:\([ \d-]*\) +)?\[(\d+)\] \S+ +(\d+\.\d+): bpf_trace_printk: /gm;
const lostRecords = /^CPU:\d+ \[LOST (\d+) EVENTS\]\n/gm;

/** Takes whole records apart, as one read of trace_pipe gives them; text before the first head is left out. */
export function parseTrace(bytes: Uint8Array): ParsedTrace {
  let lost = 0;
  const text = latin1(bytes).replace(lostRecords, (_, count: string) => {
    lost += Number(count);
    return '';
  });
  const heads = [...text.matchAll(head)];
  const records = heads.map((match, i): PrintkRecord => {
    const end = heads[i + 1]?.index ?? text.length;
    return {
      comm: kernelString(match[1]!.trimStart()),
      tid: Number(match[2]),
      cpu: Number(match[3]),
      time: match[4]!,
      message: kernelString(text.slice(match.index + match[0].length, end).replace(/\n+$/, '')),
    };
  });
  return { records, lost };
}

/** One character a byte. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function kernelString(text: string): KernelString {
  return KernelString.from(Buffer.from(text, 'latin1'));
}
