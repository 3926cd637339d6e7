/**
 * How many columns of a terminal a text takes, and cutting it to so many.
 *
 * Combining marks take none, East Asian wide characters and pictures two (Unicode UAX 11, classes W and F). The
 * text must be safe to print already (escape.ts): control characters are not looked for. Terminals disagree
 * about some characters; whoever draws positions each line by itself, so that one error stays in its line.
 */
import { later } from './later.ts';

/** First and last code points of ranges that are wide; unassigned ones in between do not matter. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], // Hangul, leading consonants
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26aa, 0x26ab],
  [0x26bd, 0x26be],
  [0x2e80, 0x303e], // CJK radicals, ideographic punctuation
  [0x3041, 0x33ff], // kana, compatibility
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff], // CJK ideographs
  [0xa000, 0xa4cf], // Yi
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3], // Hangul syllables
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60], // full-width forms
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18aff], // Tangut and others
  [0x1aff0, 0x1b2ff],
  [0x1f300, 0x1f64f], // pictures
  [0x1f680, 0x1f6ff],
  [0x1f7e0, 0x1f7eb],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd], // more CJK ideographs
];

/** Marks, and the vowels and final consonants that Hangul's leading ones carry. */
const noWidth = later(() => /^[\p{M}\u1160-\u11ff\ud7b0-\ud7ff]$/u);
const picture = later(() => /^\p{Emoji_Presentation}$/u);

/** 0, 1 or 2 columns. */
export function characterWidth(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0)!;
  if (code < 0x300) return 1;
  if (noWidth().test(character)) return 0;
  for (const [first, last] of WIDE) {
    if (code < first) break;
    if (code <= last) return 2;
  }
  return picture().test(character) ? 2 : 1;
}

export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The longest start of the text that fits; a wide character that would stick out is left out, marks stay. */
export function cutToWidth(text: string, columns: number): string {
  let width = 0;
  let length = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    length += character.length;
  }
  return text.slice(0, length);
}
