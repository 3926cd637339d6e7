/**
 * The grammar of the tracing language for editors, editors/bpftrace.tmLanguage.json, made from the tables of the
 * lexer: `npm run grammar` writes it, and a test finds it out of date.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ASSIGN_OPERATORS,
  BINARY_PRECEDENCE,
  DURATIONS,
  GRAMMAR_BUILTINS,
  INTEGER_SUFFIXES,
  KEYWORDS,
  type Keyword,
  MAP_TYPES,
  PROVIDERS,
  TYPE_NAMES,
  UNARY_OPERATORS,
} from '../src/trace/lex/tokens.ts';

export const GRAMMAR_FILE = 'editors/bpftrace.tmLanguage.json';

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Longer ones first: of `a|ab` an editor would take the first that fits. */
const anyOf = (words: Iterable<string>): string =>
  [...new Set(words)]
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
    .map(escaped)
    .join('|');

const wordsOf = (words: Iterable<string>): string => `\\b(?:${anyOf(words)})\\b`;

/** Keywords by the scope that themes know them by. */
const scopes: Readonly<Record<Keyword, string>> = {
  break: 'keyword.control',
  comptime: 'keyword.other',
  config: 'keyword.other',
  continue: 'keyword.control',
  else: 'keyword.control',
  enum: 'storage.type',
  false: 'constant.language',
  fn: 'storage.type',
  for: 'keyword.control',
  if: 'keyword.control',
  import: 'keyword.other',
  let: 'storage.type',
  macro: 'storage.type',
  offsetof: 'keyword.operator.word',
  return: 'keyword.control',
  sizeof: 'keyword.operator.word',
  struct: 'storage.type',
  true: 'constant.language',
  typeinfo: 'keyword.operator.word',
  typeof: 'keyword.operator.word',
  union: 'storage.type',
  unroll: 'keyword.control',
  while: 'keyword.control',
};

const named = (name: string, match: string): object => ({ name: `${name}.bpftrace`, match });

function keywordPatterns(): object[] {
  return [...new Set(Object.values(scopes))].map((scope) =>
    named(scope, wordsOf(KEYWORDS.filter((word) => scopes[word] === scope))),
  );
}

export function textmateGrammar(): object {
  const endings = anyOf([...Object.keys(DURATIONS), ...Object.keys(INTEGER_SUFFIXES)]);
  const operators = anyOf([
    ...ASSIGN_OPERATORS,
    ...Object.keys(BINARY_PRECEDENCE),
    ...UNARY_OPERATORS,
    '?',
    ':',
    '->',
    '..',
  ]);
  return {
    $schema: 'https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json',
    name: 'bpftrace',
    scopeName: 'source.bpftrace',
    fileTypes: ['bt'],
    firstLineMatch: '^#!.*\\b(?:bpftrace|bpfkit)\\b',
    patterns: [
      { include: '#comments' },
      { include: '#preprocessor' },
      { include: '#strings' },
      { include: '#attachPoints' },
      { include: '#fields' },
      { include: '#words' },
      { include: '#names' },
      { include: '#numbers' },
      named('keyword.operator', operators),
      named('punctuation.separator', '[;,]'),
    ],
    repository: {
      comments: {
        patterns: [
          named('comment.line.shebang', '\\A#!.*$'),
          named('comment.line.double-slash', '//.*$'),
          { name: 'comment.block.bpftrace', begin: '/\\*', end: '\\*/' },
        ],
      },
      preprocessor: {
        patterns: [
          {
            name: 'meta.preprocessor.bpftrace',
            begin: '^\\s*#\\s*(define|elif|else|endif|error|if|ifdef|ifndef|include|pragma|undef)\\b',
            beginCaptures: { 1: { name: 'keyword.control.directive.bpftrace' } },
            end: '(?<!\\\\)$',
            patterns: [
              { include: '#comments' },
              { include: '#strings' },
              named('string.quoted.other.include', '<[^>\\n]*>'),
              { include: '#numbers' },
            ],
          },
        ],
      },
      strings: {
        patterns: [
          {
            name: 'string.quoted.double.bpftrace',
            begin: '"',
            end: '"|$',
            patterns: [
              named('constant.character.escape', '\\\\(?:[ntr"\\\\]|[0-7]{1,3}|x[0-9a-fA-F]{1,2})'),
              named('invalid.illegal.escape', '\\\\.'),
              named(
                'constant.other.placeholder',
                '%-?\\+? ?#?0?(?:\\*|\\d+)?(?:\\.(?:\\*|\\d+))?(?:hh|h|ll|l|j|z|t)?(?:gr|rh|rx|[diouxXeEfFgGaAcspnr%])',
              ),
            ],
          },
        ],
      },
      attachPoints: {
        patterns: [
          named('entity.name.function.probe', `(?i)\\b(?:${anyOf(PROVIDERS)}):[^\\s{,]+`),
          named('entity.name.function.probe', '(?i)^\\s*(?:begin|end)\\b(?=\\s*[{,/])'),
        ],
      },
      fields: {
        patterns: [named('variable.other.member', '(?<=\\.|->)[A-Za-z_][A-Za-z0-9_]*')],
      },
      words: {
        patterns: [
          ...keywordPatterns(),
          named('variable.language', wordsOf(GRAMMAR_BUILTINS)),
          named('variable.language', '\\bs?arg[0-9]+\\b'),
          named('support.type', wordsOf(TYPE_NAMES)),
          named('support.type', `${wordsOf(MAP_TYPES)}(?=\\s*\\()`),
          named('support.function', '\\b[A-Za-z_][A-Za-z0-9_]*(?=\\s*\\()'),
        ],
      },
      names: {
        patterns: [
          named('variable.parameter.positional', '\\$(?:#|[0-9]+)'),
          named('variable.other.readwrite', '\\$[A-Za-z_][A-Za-z0-9_]*'),
          named('variable.other.map', '@(?:[A-Za-z_][A-Za-z0-9_]*)?'),
        ],
      },
      numbers: {
        patterns: [
          named('constant.numeric.hex', `\\b0[xX][0-9a-fA-F_]*[0-9a-fA-F](?:${endings})?\\b`),
          named('constant.numeric', `\\b[0-9](?:[0-9_]*[0-9])?(?:[eE][0-9]+)?(?:${endings})?\\b`),
          named('invalid.illegal.number', '\\b[0-9][0-9A-Za-z_]*\\b'),
        ],
      },
    },
  };
}

export const grammarText = (): string => `${JSON.stringify(textmateGrammar(), undefined, 2)}\n`;

if (process.argv[2] === 'write') writeFileSync(join(process.cwd(), GRAMMAR_FILE), grammarText());
