/** The marks at the start of lines: pictures, or plain characters with `-n`. */

export interface Symbols {
  readonly error: string;
  readonly warning: string;
  readonly lineageLine: string;
  readonly reaper: string;
  readonly infoLine: string;
  readonly treeHeader: string;
  readonly infoHeader: string;
  readonly lineageHeader: string;
  readonly filesHeader: string;
  readonly filesLine: string;
}

// The second code point U+FE0F asks for the coloured form of characters that also have a plain one.
export const pictures: Symbols = {
  error: '\u{1f534}',
  warning: '\u26a0\ufe0f',
  lineageLine: '\u2b07\ufe0f',
  reaper: '\u{1f480}',
  infoLine: '\u{1f5de}\ufe0f',
  treeHeader: '\u{1f334}',
  infoHeader: '\u2139\ufe0f',
  lineageHeader: '\u{1f4dc}',
  filesHeader: '\u{1f4c1}',
  filesLine: '\u{1f5d2}\ufe0f',
};

export const plainSymbols: Symbols = {
  error: 'X',
  warning: '/!\\',
  lineageLine: 'V',
  reaper: '(R)',
  infoLine: '*',
  treeHeader: '-',
  infoHeader: '-',
  lineageHeader: '-',
  filesHeader: '*',
  filesLine: '-',
};
