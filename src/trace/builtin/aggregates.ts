/** What can be said on the right of `@m = …` only: a value for each CPU, put together when it is read. */
import type { CallExpr, Expr, IdentifierExpr } from '../ast/nodes.ts';
import type { CheckContext } from '../check/context.ts';
import * as say from '../check/messages.ts';
import { aggregates as lowerAggregates } from '../lower/builtins/maps.ts';
import { typeText } from '../types/text.ts';
import type { Type, TypeOf } from '../types/type.ts';
import type { Builtin } from './builtin.ts';
import { isInteger, literalInteger, literalText, requires, signedOf, unknown, unstable } from './rules.ts';

function ofNumber(kind: 'sum' | 'min' | 'max' | 'avg' | 'stats', result: string, text: string): Builtin {
  return {
    name: kind,
    kind: 'map',
    arity: [1, 1],
    check(context, call, args): Type {
      const type = context.typeOf(args[0]!);
      if (!unknown(type) && !isInteger(type)) {
        context.diagnostics.error(call.span, say.onlySupports(kind, 'integer', typeText(type)));
      }
      return { kind, signed: signedOf(context.typeOf(args[0]!)) };
    },
    lower: lowerAggregates[kind],
    documentation: { section: 'map', signature: `${result} ${kind}(int n)`, text },
  };
}

const checkHist = (context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type => {
  requires(context, call, args[0]!, 'int', isInteger);
  const bits = args[1] === undefined ? 0n : literalInteger(context, call, args[1]);
  if (bits !== undefined && (bits < 0n || bits > 5n)) {
    context.diagnostics.error(call.span, say.histBits(bits));
    return { kind: 'hist', bits: 0 };
  }
  return { kind: 'hist', bits: Number(bits ?? 0n) };
};

const checkLhist = (context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type => {
  requires(context, call, args[0]!, 'int', isInteger);
  const [min, max, step] = args.slice(1).map((argument) => {
    const value = context.constantOf(argument);
    return typeof value === 'bigint' && value >= 0n ? value : undefined;
  });
  if (min === undefined) context.diagnostics.error(call.span, say.lhistInvalid('min'));
  if (max === undefined) context.diagnostics.error(call.span, say.lhistInvalid('max'));
  if (step === undefined) context.diagnostics.error(call.span, say.lhistStepInvalid);
  if (min === undefined || max === undefined || step === undefined) {
    return { kind: 'lhist', min: 0n, max: 1n, step: 1n };
  }
  const wrong = lhistMistake(min, max, step);
  if (wrong !== undefined) context.diagnostics.error(call.span, wrong);
  return { kind: 'lhist', min, max, step: step < 1n ? 1n : step };
};

function lhistMistake(min: bigint, max: bigint, step: bigint): string | undefined {
  if (step <= 0n) return say.lhistStep(step);
  if (min > max) return say.lhistOrder(min, max);
  const buckets = (max - min) / step;
  if (buckets > 1000n) return say.lhistTooMany(buckets);
  if (max - min < step) return say.lhistStepLarge(step, min, max);
  return undefined;
}

const seriesAggregates = ['avg', 'max', 'min', 'sum'] as const;

const checkSeries = (context: CheckContext, call: CallExpr | IdentifierExpr, args: readonly Expr[]): Type => {
  unstable(context, call, context.config.unstable.tseries, 'unstable_tseries');
  requires(context, call, args[0]!, 'int', isInteger);
  const literal = (argument: Expr, which: string): bigint | undefined => {
    const value = context.constantOf(argument);
    if (typeof value === 'bigint' && value >= 0n) return value;
    if (!unknown(context.typeOf(argument))) context.diagnostics.error(call.span, say.seriesInvalid(which));
    return undefined;
  };
  const interval = literal(args[1]!, 'interval_ns');
  const intervals = literal(args[2]!, 'num_intervals');
  if (interval !== undefined && interval < 1n) {
    context.diagnostics.error(call.span, say.tseriesInterval(interval));
  }
  if (intervals !== undefined && intervals < 1n) {
    context.diagnostics.error(call.span, say.tseriesNumber(intervals));
  } else if (intervals !== undefined && intervals >= 1_000_000n) {
    context.diagnostics.error(call.span, say.tseriesMany(intervals));
  }
  let aggregate: TypeOf<'tseries'>['aggregate'] = 'last';
  const name = args[3] && literalText(context, call, args[3]);
  if (name !== undefined) {
    const found = seriesAggregates.find((one) => one === name);
    if (found !== undefined) aggregate = found;
    else context.diagnostics.error(call.span, say.tseriesAggregate(name));
  }
  return {
    kind: 'tseries',
    signed: signedOf(context.typeOf(args[0]!)),
    interval: interval === undefined || interval < 1n ? 1n : interval,
    intervals: Number(intervals === undefined || intervals < 1n ? 1n : intervals),
    aggregate,
  };
};

export const aggregateBuiltins: readonly Builtin[] = [
  {
    name: 'count',
    kind: 'map',
    arity: [0, 0],
    check: () => ({ kind: 'count' }),
    lower: lowerAggregates.count,
    documentation: {
      section: 'map',
      signature: 'count_t count()',
      text: 'How often this was reached.',
      example: '@[comm] = count()',
    },
  },
  ofNumber('sum', 'sum_t', 'All the numbers together.'),
  ofNumber('min', 'min_t', 'The least number.'),
  ofNumber('max', 'max_t', 'The greatest number.'),
  ofNumber('avg', 'avg_t', 'The average.'),
  ofNumber('stats', 'stats_t', 'Count, average and total in one.'),
  {
    name: 'hist',
    kind: 'map',
    arity: [1, 2],
    check: checkHist,
    lower: lowerAggregates.hist,
    documentation: {
      section: 'map',
      signature: 'hist_t hist(int64 n[, const int k])',
      text: 'A histogram of powers of 2, each divided in 2^k; k is 0 to 5.',
      example: '@bytes = hist(args.ret)',
    },
  },
  {
    name: 'lhist',
    kind: 'map',
    arity: [4, 4],
    check: checkLhist,
    lower: lowerAggregates.lhist,
    documentation: {
      section: 'map',
      signature: 'lhist_t lhist(int64 n, const int64 min, const int64 max, const int64 step)',
      text: 'A histogram of buckets of the same width, at most 1000.',
    },
  },
  {
    name: 'tseries',
    kind: 'map',
    arity: [3, 4],
    check: checkSeries,
    lower: lowerAggregates.tseries,
    documentation: {
      section: 'map',
      signature:
        'tseries_t tseries(int64 n, const uint64 interval_ns, const uint64 num_intervals[, const string agg])',
      text: 'The last intervals of time: the last number of each, or its avg, max, min or sum.',
    },
  },
];
