/** What selects tasks, as commands are asked: a field and a value, an expression, or both. */
import { type KernelFields, requireFieldOrPath } from '../format.ts';
import type { UserNames } from '../users.ts';
import type { Condition, EqualsCondition } from '../walk.ts';
import { checkCondition } from './check.ts';

export interface ConditionOptions {
  /** An expression; with it the field's name and value may both be empty. */
  readonly where?: string;
  /** Finds kernel fields by their paths; default: there are none. */
  readonly kernelField?: KernelFields;
  /** Whose names conditions may use; default: no user has a name. */
  readonly users?: UserNames;
}

/** Throws TreeError for a field that is unknown and an expression that is wrong. */
export function planCondition(name: string, value: string, options: ConditionOptions): Condition {
  const { where, kernelField, users } = options;
  const equals: EqualsCondition | undefined =
    where !== undefined && name === '' && value === ''
      ? undefined
      : { kind: 'equals', field: requireFieldOrPath(name, kernelField), value };
  if (where === undefined) return equals!;
  const test = checkCondition(where, {
    kernelField: (path) => requireFieldOrPath(path, kernelField),
    ...(users === undefined ? {} : { users }),
  });
  return { kind: 'where', text: where, test, ...(equals === undefined ? {} : { equals }) };
}
