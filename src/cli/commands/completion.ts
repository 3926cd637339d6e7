/** Completion scripts: short, because the candidates come from `bpfkit __complete` at each Tab. */
import type { Call, ExitCode, Io } from '../command.ts';
import { UsageError } from '../command.ts';

const bash = `_bpfkit() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(bpfkit __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  # The end of a list (pid,comm) may grow further.
  if [[ \${COMPREPLY[0]} == *,* ]]; then compopt -o nospace; fi
}
complete -o default -F _bpfkit bpfkit`;

const zsh = `#compdef bpfkit
_bpfkit() {
  local line word
  local -a words_only described
  while IFS= read -r line; do
    word=\${line%%$'\\t'*}
    words_only+=("$word")
    if [[ $line == *$'\\t'* ]]; then described+=("$word -- \${line#*$'\\t'}"); else described+=("$word"); fi
  done < <(bpfkit __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#words_only} )); then
    compadd -l -d described -a words_only
  else
    _files
  fi
}
if [[ $funcstack[1] == _bpfkit ]]; then _bpfkit "$@"; else compdef _bpfkit bpfkit; fi`;

const fish = `function __bpfkit_complete
  set -l words (commandline -opc) (commandline -ct)
  bpfkit __complete -- $words[2..-1] 2>/dev/null
end
complete -c bpfkit -f -n 'test (count (__bpfkit_complete)) -gt 0' -a '(__bpfkit_complete)'`;

const scripts: ReadonlyMap<string, string> = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
]);

export function run(call: Call, io: Io): ExitCode {
  const [shell = ''] = call.words;
  const script = scripts.get(shell);
  if (script === undefined) {
    throw new UsageError(`no completion for the shell '${shell}': there is bash, zsh and fish`, 'completion');
  }
  io.out.line(script);
  return 0;
}
