/**
 * The syntax tree of a script: plain data, a closed union by `kind`, a span on every node.
 *
 * The parser makes it, macros rewrite it (new nodes, never changed ones), the checker gives every expression
 * a type in a side table (`CheckedProgram.types`), and lowering reads both.
 */
import type { Span } from '../source.ts';

interface Common {
  readonly span: Span;
}

// Program

export interface Program extends Common {
  readonly kind: 'program';
  /** `#!…`, without the line's end. */
  readonly interpreter?: string | undefined;
  /** Preprocessor lines, struct, union, enum and typedef definitions: text for `cdefs/`. */
  readonly definitions: readonly CDefinition[];
  readonly config?: ConfigBlock | undefined;
  /** In source order. */
  readonly items: readonly Item[];
  /** For the formatter: every comment, in source order. */
  readonly comments: readonly Comment[];
}

export interface CDefinition extends Common {
  readonly kind: 'definition';
  readonly text: string;
}

export interface Comment extends Common {
  readonly kind: 'comment';
  /** With its slashes. */
  readonly text: string;
}

export interface ConfigBlock extends Common {
  readonly kind: 'config';
  readonly entries: readonly ConfigEntry[];
}

export interface ConfigEntry extends Common {
  readonly kind: 'configEntry';
  readonly key: string;
  readonly keySpan: Span;
  readonly value: string | bigint | boolean;
  /** The value was a bare word: `missing_probes = warn`. */
  readonly bare: boolean;
}

export type Item = ImportItem | MapDeclaration | Macro | Subprogram | Probe;

export interface ImportItem extends Common {
  readonly kind: 'import';
  readonly path: string;
}

/** `let @name = lruhash(100);` */
export interface MapDeclaration extends Common {
  readonly kind: 'mapDeclaration';
  /** With its `@`. */
  readonly map: string;
  readonly type: string;
  readonly typeSpan: Span;
  readonly size: bigint;
}

export interface Macro extends Common {
  readonly kind: 'macro';
  readonly name: string;
  readonly nameSpan: Span;
  readonly parameters: readonly MacroParameter[];
  readonly body: BlockExpr;
}

export interface MacroParameter extends Common {
  /** `$v`, `@m`, or a bare name that stands for any expression. */
  readonly kind: 'variable' | 'map' | 'expression';
  readonly name: string;
}

/** `fn name($a : int64) : int64 { … }` */
export interface Subprogram extends Common {
  readonly kind: 'subprogram';
  readonly name: string;
  readonly nameSpan: Span;
  readonly parameters: readonly { readonly name: string; readonly type: TypeExpr; readonly span: Span }[];
  readonly returns: TypeExpr;
  readonly body: BlockExpr;
}

export interface Probe extends Common {
  readonly kind: 'probe';
  readonly attachPoints: readonly AttachPoint[];
  readonly predicate?: Expr | undefined;
  /** With its slashes. */
  readonly predicateSpan?: Span | undefined;
  readonly body: BlockExpr;
}

/** The raw text: `probes/` takes it apart. */
export interface AttachPoint extends Common {
  readonly kind: 'attachPoint';
  /** `name` of `name=kprobe:f`. */
  readonly name?: string | undefined;
  /** Without the name; positional parameters not yet put in. */
  readonly text: string;
}

// Statements

export type Statement =
  | AssignStatement
  | LetStatement
  | ExpressionStatement
  | WhileStatement
  | UnrollStatement
  | ForStatement
  | JumpStatement
  | ReturnStatement
  | ImportStatement;

export type AssignOperator = '=' | '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^=' | '<<=' | '>>=';

/** `$x = 1`, `@a[1] += 2`, `_ = f()`; a target that is no lvalue is the checker's to refuse. */
export interface AssignStatement extends Common {
  readonly kind: 'assign';
  readonly operator: AssignOperator;
  readonly operatorSpan: Span;
  readonly target: Expr | { readonly kind: 'discard'; readonly span: Span };
  readonly value: Expr;
}

export interface LetStatement extends Common {
  readonly kind: 'let';
  readonly variable: VariableExpr;
  readonly type?: TypeExpr | undefined;
  readonly value?: Expr | undefined;
}

/** An expression for its effect: calls, `@x++`, if and block expressions. */
export interface ExpressionStatement extends Common {
  readonly kind: 'expression';
  readonly expression: Expr;
}

export interface WhileStatement extends Common {
  readonly kind: 'while';
  readonly condition: Expr;
  readonly body: BlockExpr;
}

export interface UnrollStatement extends Common {
  readonly kind: 'unroll';
  readonly count: Expr;
  readonly body: BlockExpr;
}

export interface ForStatement extends Common {
  readonly kind: 'for';
  readonly variable: VariableExpr;
  readonly over: MapExpr | RangeExpr;
  readonly body: BlockExpr;
}

export interface RangeExpr extends Common {
  readonly kind: 'range';
  readonly from: Expr;
  readonly to: Expr;
}

export interface JumpStatement extends Common {
  readonly kind: 'break' | 'continue';
}

export interface ReturnStatement extends Common {
  readonly kind: 'return';
  readonly value?: Expr | undefined;
}

export interface ImportStatement extends Common {
  readonly kind: 'importStatement';
  readonly path: string;
}

// Expressions

export type Expr =
  | IntegerExpr
  | BooleanExpr
  | StringExpr
  | IdentifierExpr
  | PositionalExpr
  | PositionalCountExpr
  | VariableExpr
  | MapExpr
  | CallExpr
  | UnaryExpr
  | BinaryExpr
  | TernaryExpr
  | CastExpr
  | FieldExpr
  | IndexExpr
  | TupleAccessExpr
  | TupleExpr
  | RecordExpr
  | BlockExpr
  | IfExpr
  | TypeQueryExpr
  | OffsetofExpr
  | ComptimeExpr;

export type ExprKind = Expr['kind'];

export interface IntegerExpr extends Common {
  readonly kind: 'integer';
  /** Never negative: a minus is a unary operator. At most 2^64 - 1. */
  readonly value: bigint;
  /** `u`, `ull`, … as written: the type that the literal asks for. */
  readonly suffix?: string | undefined;
  /** `ns`, `us`, `ms`, `s`, `m`, `h`, `d`: already multiplied into `value`. */
  readonly unit?: string | undefined;
  /** As written, for the formatter. */
  readonly text: string;
}

export interface BooleanExpr extends Common {
  readonly kind: 'boolean';
  readonly value: boolean;
}

export interface StringExpr extends Common {
  readonly kind: 'string';
  /** One character a byte (latin1), escapes resolved; UTF-8 of the source as its bytes. */
  readonly bytes: string;
}

/** A bare name: a builtin without parentheses, an enumerator, a `#define`, a macro or its argument. */
export interface IdentifierExpr extends Common {
  readonly kind: 'identifier';
  readonly name: string;
}

/** `$1` */
export interface PositionalExpr extends Common {
  readonly kind: 'positional';
  readonly index: number;
}

/** `$#` */
export interface PositionalCountExpr extends Common {
  readonly kind: 'positionalCount';
}

export interface VariableExpr extends Common {
  readonly kind: 'variable';
  /** With its `$`. */
  readonly name: string;
}

/** `@`, `@m`, `@m[k]`; several keys are one tuple. */
export interface MapExpr extends Common {
  readonly kind: 'map';
  /** With its `@`. */
  readonly name: string;
  readonly nameSpan: Span;
  readonly key?: Expr | undefined;
}

export interface CallExpr extends Common {
  readonly kind: 'call';
  readonly name: string;
  readonly nameSpan: Span;
  readonly args: readonly Expr[];
}

export interface UnaryExpr extends Common {
  readonly kind: 'unary';
  readonly operator: '-' | '!' | '~' | '*' | '&' | '++' | '--';
  /** Only ++ and --. */
  readonly postfix: boolean;
  readonly operand: Expr;
}

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '&'
  | '|'
  | '^'
  | '<<'
  | '>>'
  | '=='
  | '!='
  | '<'
  | '>'
  | '<='
  | '>='
  | '&&'
  | '||';

export interface BinaryExpr extends Common {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly operatorSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
}

/** `then` undefined: `a ?: b`. */
export interface TernaryExpr extends Common {
  readonly kind: 'ternary';
  readonly condition: Expr;
  readonly then?: Expr | undefined;
  readonly otherwise: Expr;
}

/** Its span is that of the type in its parentheses: the value has one of its own. */
export interface CastExpr extends Common {
  readonly kind: 'cast';
  readonly type: TypeExpr;
  readonly value: Expr;
}

/** `a.b`, `a->b` */
export interface FieldExpr extends Common {
  readonly kind: 'field';
  readonly base: Expr;
  readonly name: string;
  readonly nameSpan: Span;
  readonly arrow: boolean;
}

export interface IndexExpr extends Common {
  readonly kind: 'index';
  readonly base: Expr;
  readonly index: Expr;
}

/** `a.0` */
export interface TupleAccessExpr extends Common {
  readonly kind: 'tupleAccess';
  readonly base: Expr;
  readonly index: number;
}

export interface TupleExpr extends Common {
  readonly kind: 'tuple';
  readonly elements: readonly Expr[];
}

export interface RecordExpr extends Common {
  readonly kind: 'record';
  readonly fields: readonly { readonly name: string; readonly value: Expr; readonly span: Span }[];
}

export interface BlockExpr extends Common {
  readonly kind: 'block';
  readonly statements: readonly Statement[];
  /** A last expression without `;`: the value of the block. */
  readonly value?: Expr | undefined;
}

export interface IfExpr extends Common {
  readonly kind: 'if';
  readonly condition: Expr;
  readonly then: BlockExpr;
  /** `else if` is an else block whose value is an if. */
  readonly otherwise?: BlockExpr | undefined;
}

/** `sizeof(T|e)`, `typeof(T|e)`, `typeinfo(T|e)` */
export interface TypeQueryExpr extends Common {
  readonly kind: 'typeQuery';
  readonly query: 'sizeof' | 'typeof' | 'typeinfo';
  readonly of: TypeExpr | Expr;
}

/** `offsetof(struct x, a.b)` */
export interface OffsetofExpr extends Common {
  readonly kind: 'offsetof';
  readonly of: TypeExpr | Expr;
  readonly path: readonly string[];
}

export interface ComptimeExpr extends Common {
  readonly kind: 'comptime';
  readonly expression: Expr;
}

// Types as written

export type TypeExpr = NamedTypeExpr | PointerTypeExpr | ArrayTypeExpr | TypeofTypeExpr;

/** `int64`, `struct task_struct`, `uid_t` */
export interface NamedTypeExpr extends Common {
  readonly kind: 'namedType';
  readonly tag?: 'struct' | 'union' | 'enum' | undefined;
  readonly name: string;
}

export interface PointerTypeExpr extends Common {
  readonly kind: 'pointerType';
  readonly target: TypeExpr;
}

/** `int32[4]`, and the sizes of `string[64]`; undefined: `int8[]`. */
export interface ArrayTypeExpr extends Common {
  readonly kind: 'arrayType';
  readonly element: TypeExpr;
  readonly length?: bigint | undefined;
}

export interface TypeofTypeExpr extends Common {
  readonly kind: 'typeofType';
  readonly of: TypeExpr | Expr;
}

export type Node =
  | Program
  | CDefinition
  | Comment
  | ConfigBlock
  | ConfigEntry
  | Item
  | AttachPoint
  | Statement
  | RangeExpr
  | Expr
  | TypeExpr;
