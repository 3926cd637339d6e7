/** Keys of the live view, and what they do to it. */

/** What the user has chosen to see. */
export interface ViewState {
  /** The first line of the tree that is shown. */
  readonly top: number;
  /** Only lines with this text, and the parents of these; empty shows all. */
  readonly filter: string;
  /** The filter is being typed. */
  readonly typing: boolean;
  readonly threads: boolean;
  /** The picture stands still; events are still followed. */
  readonly paused: boolean;
}

export const initialView: ViewState = { top: 0, filter: '', typing: false, threads: false, paused: false };

export type Key =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind:
        | 'up'
        | 'down'
        | 'pageUp'
        | 'pageDown'
        | 'home'
        | 'end'
        | 'enter'
        | 'escape'
        | 'backspace'
        | 'interrupt';
    };

const SEQUENCES: ReadonlyMap<string, Key> = new Map([
  ['A', { kind: 'up' }],
  ['B', { kind: 'down' }],
  ['H', { kind: 'home' }],
  ['F', { kind: 'end' }],
  ['1~', { kind: 'home' }],
  ['7~', { kind: 'home' }],
  ['4~', { kind: 'end' }],
  ['8~', { kind: 'end' }],
  ['5~', { kind: 'pageUp' }],
  ['6~', { kind: 'pageDown' }],
]);

const CONTROLS: ReadonlyMap<string, Key> = new Map([
  ['\x03', { kind: 'interrupt' }],
  ['\x04', { kind: 'interrupt' }],
  ['\r', { kind: 'enter' }],
  ['\n', { kind: 'enter' }],
  ['\x1b', { kind: 'escape' }],
  ['\x7f', { kind: 'backspace' }],
  ['\b', { kind: 'backspace' }],
]);

/** What a terminal sent, as keys. Sequences that mean nothing here are left out whole. */
export function parseKeys(bytes: string): Key[] {
  const keys: Key[] = [];
  // A control sequence (ECMA-48, 5.4), a key of the application keypad, or one character.
  for (const [all, csi, ss3] of bytes.matchAll(/\x1b\[([0-?]*[ -/]*[@-~])|\x1bO(.)|./gsu)) {
    const sequence = csi ?? ss3;
    const key = sequence === undefined ? CONTROLS.get(all) : SEQUENCES.get(sequence);
    if (key !== undefined) keys.push(key);
    else if (sequence === undefined && !/\p{Cc}/u.test(all)) keys.push({ kind: 'text', text: all });
  }
  return keys;
}

export type Step = { readonly kind: 'view'; readonly view: ViewState } | { readonly kind: 'quit' };

const FILTER_LENGTH = 256;

/**
 * What a key does.
 *
 * @param page lines of the tree that fit.
 * @param lines lines of the whole tree.
 */
export function press(view: ViewState, key: Key, page: number, lines: number): Step {
  const show = (change: Partial<ViewState>): Step => ({ kind: 'view', view: { ...view, ...change } });
  const scroll = (top: number): Step => show({ top: clampTop(top, page, lines) });
  switch (key.kind) {
    case 'interrupt':
      return { kind: 'quit' };
    case 'up':
      return scroll(view.top - 1);
    case 'down':
      return scroll(view.top + 1);
    case 'pageUp':
      return scroll(view.top - Math.max(1, page - 1));
    case 'pageDown':
      return scroll(view.top + Math.max(1, page - 1));
    case 'home':
      return scroll(0);
    case 'end':
      // The picture knows better how long the tree is by then.
      return show({ top: Number.MAX_SAFE_INTEGER });
    case 'enter':
      return show({ typing: false });
    case 'escape':
      return show({ typing: false, filter: '' });
    case 'backspace':
      if (!view.typing) return show({});
      return show({ filter: [...view.filter].slice(0, -1).join(''), top: 0 });
    case 'text':
      if (view.typing) return show({ filter: (view.filter + key.text).slice(0, FILTER_LENGTH), top: 0 });
      return command(view, key.text);
  }
}

function command(view: ViewState, text: string): Step {
  const show = (change: Partial<ViewState>): Step => ({ kind: 'view', view: { ...view, ...change } });
  switch (text) {
    case 'q':
      return { kind: 'quit' };
    case '/':
      return show({ typing: true, filter: '', top: 0 });
    case 'p':
    case ' ':
      return show({ paused: !view.paused });
    case 't':
      return show({ threads: !view.threads });
    default:
      return show({});
  }
}

/** The last line stays at the bottom of the page. */
export function clampTop(top: number, page: number, lines: number): number {
  return Math.max(0, Math.min(top, lines - page));
}
