/**
 * What the verifier's complaints mean, as data.
 *
 * Patterns are the kernel's own messages (kernel/bpf/verifier.c, 5.4 to 6.18); the words are for people
 * who wrote a program in a language above instructions, so they speak of pointers and lengths instead of
 * registers. The first pattern that matches counts, so the special stand before the general.
 */
import { helperSince } from '../feature/helpers.ts';
import { olderThan, runningVersion } from '../feature/release.ts';

export interface Cause {
  /** What is wrong, in a clause that follows "because". */
  readonly reason: string;
  /** What to do, if there is one thing to do. */
  readonly hint?: string | undefined;
}

interface CauseRule {
  readonly pattern: RegExp;
  readonly explain: (match: RegExpExecArray) => Cause;
}

function say(reason: string, hint?: string): () => Cause {
  return () => ({ reason, hint });
}

/** The sentence for a helper that a kernel or program type lacks. */
function helper(name: string, id: number): Cause {
  const since = helperSince(id);
  if (since !== undefined && olderThan(since)) {
    return { reason: `this kernel (${runningVersion()}) has no helper ${name}: Linux ${since} brought it` };
  }
  if (since === undefined) return { reason: `this kernel (${runningVersion()}) has no helper ${name}` };
  return { reason: `programs of this type may not call the helper ${name}` };
}

const rules: readonly CauseRule[] = [
  {
    pattern: /invalid func unknown#195896080/,
    explain: say(
      'it uses a field or type that this kernel does not have',
      'guard the use by a test that the field exists',
    ),
  },
  {
    pattern: /invalid func unknown#233685214/,
    explain: say('it calls a kernel function that this kernel does not have'),
  },
  {
    pattern: /(?:invalid func|unknown func) (?:unknown|(\w+))#(\d+)/,
    explain: ([, name, id]) => helper(name ?? `number ${id}`, Number(id)),
  },
  {
    pattern: /program of this type cannot use helper (\w+)#(\d+)/,
    explain: ([, name = '', id]) => helper(name, Number(id)),
  },
  {
    pattern: /cannot call GPL.restricted function from non-GPL compatible program/,
    explain: say('it calls a helper that is for GPL-compatible programs only', 'set the license to GPL'),
  },
  {
    pattern: /helper call (?:might sleep|is not allowed) in (?:a )?(?:non-sleepable|RCU|preempt|IRQ)/i,
    explain: say(
      'it calls a helper that may sleep where sleeping is not allowed',
      'make the program sleepable',
    ),
  },
  {
    pattern: /helper call is not allowed in probe/,
    explain: say(
      'it calls a helper that this kernel allows in programs of its type, but not where this one is attached',
      'bpf_d_path in iterators came with Linux 5.12',
    ),
  },
  {
    pattern: /number of funcs in func_info doesn't match number of subprogs/,
    explain: () =>
      olderThan('5.13')
        ? {
            reason: `it passes a function to a helper, and this kernel (${runningVersion()}) takes none: Linux 5.13 brought that`,
          }
        : { reason: 'the list of its functions is not that of its instructions' },
  },
  {
    pattern: /BPF_STX uses reserved fields/,
    explain: () =>
      olderThan('5.12')
        ? {
            reason: `it uses an atomic operation other than an addition, or its old value, and this kernel (${runningVersion()}) has only additions: Linux 5.12 brought the others`,
            hint: 'compile with -mcpu=v2, or leave the result unused',
          }
        : { reason: 'it has an atomic operation that this kernel does not know' },
  },
  {
    pattern: /unknown opcode 8d/,
    explain: say(
      'a function is called by an address, which the kernel has no instruction for',
      'compile with -O2, which makes such calls direct',
    ),
  },
  {
    pattern: /Only .* programs can be sleepable/,
    explain: ([text]) => ({
      reason: `programs of its type may not sleep on this kernel (${runningVersion()})`,
      hint: text.includes('uprobe') ? undefined : 'uprobes may since Linux 6.0, iterators since 5.18',
    }),
  },
  {
    pattern: /invalid mem access '(?:\w+_or_null\w*|map_value_or_null)'/,
    explain: say('a pointer that may be null is used without a test', 'test it before its first use'),
  },
  {
    pattern: /type=\w+_or_null_? expected=/,
    explain: say('a pointer that may be null is passed to a function', 'test it first'),
  },
  {
    pattern: /invalid mem access '(?:scalar|inv|unknown)'/,
    explain: say(
      'a plain number is used as a pointer',
      'memory that only an address is known of is read by a probe-read helper',
    ),
  },
  {
    pattern: /invalid mem access '(\w+)'/,
    explain: ([, type]) => ({
      reason: `memory behind a pointer of the kind ${type} may not be accessed directly`,
    }),
  },
  {
    pattern: /invalid access to map value, value_size=(\d+) off=(-?\d+) size=(\d+)/,
    explain: ([, whole, off, size]) => ({
      reason: `it accesses ${size} bytes at offset ${off} of a map value that has ${whole} bytes`,
      hint: 'keep the index or offset below the size by a test or a mask',
    }),
  },
  {
    pattern: /invalid access to memory, mem_size=(\d+) off=(-?\d+) size=(\d+)/,
    explain: ([, whole, off, size]) => ({
      reason: `it accesses ${size} bytes at offset ${off} of a piece of memory that has ${whole} bytes`,
      hint: 'keep the offset and length below the size by a test or a mask',
    }),
  },
  {
    pattern: /invalid access to packet/,
    explain: say(
      'it reads the packet without a test that the bytes are there',
      'compare with the end of the data first',
    ),
  },
  {
    pattern: /access beyond (?:struct|the end of member) (\w+).*off (\d+) size (\d+)/,
    explain: ([, type, off, size]) => ({
      reason: `it reads ${size} bytes at offset ${off}, past the end of ${type}`,
    }),
  },
  {
    pattern: /invalid bpf_context access off=(\d+) size=(\d+)/,
    explain: ([, off, size]) => ({
      reason: `the context has nothing of ${size} bytes that may be accessed at offset ${off}`,
      hint: 'the argument does not exist, or has another type or size, in this kernel',
    }),
  },
  {
    pattern:
      /(?:unbounded memory access|unbounded min value|max value is outside of the (?:allowed|array|memory)|min value is (?:negative|outside))/,
    explain: say(
      'an index or length has no proven limits',
      'test it against both limits, or mask it, right before the use',
    ),
  },
  {
    pattern: /unknown scalar with mixed signed bounds/,
    explain: say(
      'a number was compared both as signed and as unsigned, which proves neither',
      'compare in one way',
    ),
  },
  {
    pattern: /invalid (?:indirect )?read from stack/,
    explain: say(
      'it reads stack memory that was never written',
      'initialise the whole variable, padding included',
    ),
  },
  {
    pattern:
      /invalid (?:write|access) to (?:variable-offset )?stack|invalid stack (?:type|off|access)|attempt to corrupt spilled/,
    explain: say('it accesses the stack outside of its 512 bytes, or over a saved pointer'),
  },
  {
    pattern: /combined stack size of (\d+) calls? is (\d+)/,
    explain: ([, calls, size]) => ({
      reason: `${calls} functions that call each other need ${size} bytes of stack together; 512 is the limit`,
      hint: 'put large variables into a per-CPU map',
    }),
  },
  {
    pattern: /BPF program is too large\. Processed (\d+) insn/,
    explain: ([, count]) => ({
      reason: `the verifier gave up after ${count} instructions: the program has too many paths`,
      hint: 'make loops shorter or use bpf_loop, and split what branches a lot into functions',
    }),
  },
  {
    pattern: /(?:The sequence of \d+ jumps is too complex|too many states)/,
    explain: say(
      'the program has too many paths for the verifier',
      'make loops shorter, and split it into functions',
    ),
  },
  {
    pattern: /(?:infinite loop detected|loop is not bounded|back-edge from insn)/,
    explain: say('a loop has no end that the verifier can see', 'give it a constant limit'),
  },
  { pattern: /unreachable insn/, explain: say('some instructions can never be reached') },
  {
    pattern: /(?:jump|last insn is not an exit|fall.?through)/i,
    explain: say('a path leaves the program without returning'),
  },
  {
    pattern: /At (?:program exit|subprogram exit|async callback return).*(?:register )?R0/,
    explain: say('it returns a value that programs of this type may not return'),
  },
  {
    pattern: /R0 !read_ok/,
    explain: say('it returns without a value on some path', 'return a number on every path'),
  },
  {
    pattern: /R(\d+) !read_ok/,
    explain: ([, register]) => ({ reason: `register ${register} is used before it has a value` }),
  },
  {
    // Since 6.14 a second line tells at which kind of exit.
    pattern: /Unreleased reference id=\d+|would lead to reference leak/,
    explain: say(
      'something it acquired is not released on every path',
      'submit or discard what was reserved, release what was taken, on every path',
    ),
  },
  {
    pattern: /(?:release|reference).*(?:not been acquired|hasn't been acquired|unacquired)/,
    explain: say('it releases something that it had not acquired'),
  },
  {
    pattern: /pointer arithmetic (?:on|with) (\w+) (?:pointer )?prohibited|R\d+ pointer.*prohibited/,
    explain: say('it calculates with a pointer of a kind that does not allow it'),
  },
  {
    pattern: /math between (\w+) pointer and/,
    explain: ([, kind]) => ({
      reason: `a number without proven limits is added to a pointer (${kind})`,
      hint: 'test or mask the number first',
    }),
  },
  {
    pattern: /leaks addr into (\w+)|R\d+ leaks addr/,
    explain: say('it would show a kernel address to an unprivileged user'),
  },
  {
    pattern: /misaligned (\w+) access off (.*) size (\d+)/,
    explain: ([, where, , size]) => ({ reason: `an access of ${size} bytes to the ${where} is not aligned` }),
  },
  {
    pattern: /(?:cannot write into|write into map forbidden|read-only|cannot be written)/i,
    explain: say('it writes to memory that programs may only read'),
  },
  {
    pattern: /R\d+ type=(\w+) expected=([\w, ]+)/,
    explain: ([, got, want]) => ({ reason: `a function is called with a ${got} where it takes ${want}` }),
  },
  {
    pattern: /attach_btf_id \d+ (?:is invalid|is not|has)|(?:is not a|unsupported) (?:function|attach)/i,
    explain: say('this kernel does not let programs attach there'),
  },
  {
    pattern: /(\w+) is not sleepable/,
    explain: say('the place it attaches to does not allow sleepable programs'),
  },
  { pattern: /JIT|jit/, explain: say("the kernel's compiler for this processor cannot translate it") },
];

/** What a complaint means, or undefined for one that the table does not know. */
export function causeOf(complaint: string): Cause | undefined {
  for (const { pattern, explain } of rules) {
    const match = pattern.exec(complaint);
    if (match !== null) return explain(match);
  }
  return undefined;
}
