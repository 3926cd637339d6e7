/**
 * Reading the verifier's log.
 *
 * At level 1 the kernel writes one line an instruction it walks over (`12: (79) r1 = ...`), the state of
 * registers (`12: R1_w=ctx() R10=fp0`), source lines (`; text`), jumps (`from 9 to 11: ...`), and at
 * the end what it does not like, followed by statistics. kernel/bpf/log.c, kernel/bpf/verifier.c.
 */

/** What a log says in the end. */
export interface LogVerdict {
  /** The complaint: the last line that is neither instruction, state, source nor statistics. */
  readonly complaint: string | undefined;
  /** The lines of the complaint with what belongs to it before: never empty if the log is not. */
  readonly tail: readonly string[];
  /** Slot of the instruction that was looked at last. */
  readonly slot: number | undefined;
}

const statistics =
  /^(?:processed \d+ insns|verification time |stack depth |insns processed|max_states_per_insn|total_states|peak_states|mark_read |[a-z_]+ \d+ (?:usec|max_))/;
const instruction = /^(\d+): \([0-9a-f]{2}\) /;
const state =
  /^(?:\d+: (?:R\d|frame\d|safe$|caller|returning|\(|$)|from \d+ to \d+|frame\d+: |;|func#\d|R\d+(?:_\w+)?=|fp-?\d+=)/;
const noise =
  /^(?:Validating |caller:|callee:|returning from callee|to caller at|mark_precise: |last_idx |regs=|parent |propagating |BPF token|Live regs|\s*\d+: [.0-9]{10} )/;

/** Lines of a log as the kernel wrote it into a buffer, without the NUL and empty lines at the end. */
export function logLines(buffer: Uint8Array): string[] {
  const end = buffer.indexOf(0);
  const text = Buffer.from(end < 0 ? buffer : buffer.subarray(0, end)).toString('utf8');
  const lines = text.split('\n');
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

/** What the log ends with. */
export function verdict(lines: readonly string[]): LogVerdict {
  let end = lines.length;
  while (end > 0 && (statistics.test(lines[end - 1] ?? '') || lines[end - 1]?.trim() === '')) end--;
  let slot: number | undefined;
  for (let i = end - 1; i >= 0 && slot === undefined; i--) {
    const found = instruction.exec(lines[i] ?? '');
    if (found !== null) slot = Number(found[1]);
  }
  let at = end - 1;
  while (at >= 0 && isContext(lines[at] ?? '')) at--;
  const complaint = at < 0 ? undefined : lines[at]?.trim();
  let from = Math.max(at, 0);
  // A line that leans on the one before it: a continuation, or a register without its sentence.
  while (
    from > 0 &&
    /^(?:\t|R\d|invalid bpf_context access)/.test(lines[from] ?? '') &&
    !isContext(lines[from - 1] ?? '')
  ) {
    from--;
  }
  return { complaint, tail: lines.slice(from, end), slot };
}

function isContext(line: string): boolean {
  return (
    line.trim() === '' ||
    instruction.test(line) ||
    state.test(line) ||
    noise.test(line) ||
    statistics.test(line)
  );
}
