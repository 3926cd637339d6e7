/** The part of the Language Server Protocol (3.17) that is spoken here. */

/** Both from 0; characters are UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** `end` exclusive. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface Location {
  readonly uri: string;
  readonly range: Range;
}

export interface TextEdit {
  readonly range: Range;
  readonly newText: string;
}

export const Severity = { error: 1, warning: 2, information: 3 } as const;

export interface LspDiagnostic {
  readonly range: Range;
  readonly severity: (typeof Severity)[keyof typeof Severity];
  readonly source: string;
  readonly message: string;
  readonly relatedInformation?: readonly { readonly location: Location; readonly message: string }[];
}

export interface Markdown {
  readonly kind: 'markdown';
  readonly value: string;
}

export interface Hover {
  readonly contents: Markdown;
  readonly range?: Range;
}

export const CompletionKind = {
  function: 3,
  field: 5,
  variable: 6,
  module: 9,
  property: 10,
  value: 12,
  keyword: 14,
  file: 17,
  folder: 19,
  enumMember: 20,
  constant: 21,
  struct: 22,
  event: 23,
} as const;

export interface CompletionItem {
  readonly label: string;
  readonly kind: (typeof CompletionKind)[keyof typeof CompletionKind];
  readonly detail?: string;
  readonly documentation?: Markdown;
  readonly sortText?: string;
  readonly filterText?: string;
  readonly textEdit?: TextEdit;
  /** Comes back with `completionItem/resolve`: the probe that it is about. */
  readonly data?: { readonly probe: string };
}

export interface CompletionList {
  readonly isIncomplete: boolean;
  readonly items: readonly CompletionItem[];
}

export interface SignatureHelp {
  readonly signatures: readonly {
    readonly label: string;
    readonly documentation?: Markdown;
    /** Places in the label. */
    readonly parameters: readonly { readonly label: readonly [number, number] }[];
  }[];
  readonly activeSignature: number;
  readonly activeParameter: number;
}

/** JSON-RPC's and the protocol's own numbers. */
export const ErrorCode = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  serverNotInitialized: -32002,
} as const;

/** Answered to the request that it was thrown in. */
export class ResponseError extends Error {
  override readonly name: string = 'ResponseError';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
