import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import {
  deepEqual,
  duplicate,
  fieldPath,
  forbiddenField,
  getOwn,
  invalidValue,
  isJsonObject,
  required,
} from '@drydock/base/apimachinery';
import { CelCostError, CelError, none, Optional, type Program, type Value } from '../cel/index.ts';
import {
  additionalOf,
  correlate,
  isEmbedded,
  itemsOf,
  propertiesOf,
  resolveFieldPath,
  rulesOf,
  someSchema,
  type Before,
  type JsonSchema,
} from '../structural-schema/index.ts';
import { compileRule, type CompiledRule } from './rule.ts';
import { schemaType, type SchemaType } from './schema-type.ts';

/** Checks an object, and what it replaces, against all rules of its schema. */
export type RuleCheck = (object: unknown, old: unknown) => FieldError[];

const perCallLimit = 1_000_000;
const budgetOfAll = 10_000_000;
const maxMessageBytes = 5 * 1024;

interface Node {
  readonly schema: JsonSchema;
  readonly type: SchemaType | undefined;
  readonly rules: readonly CompiledRule[];
  readonly properties: readonly (readonly [name: string, node: Node])[];
  readonly items: Node | undefined;
  readonly additional: Node | undefined;
}

interface Walk {
  readonly errors: FieldError[];
  budget: number;
}

/** Thrown when the budget is used up. */
class Exhausted extends Error {}

function compile(schema: JsonSchema, root: boolean): Node | undefined {
  if (!someSchema(schema, (one) => rulesOf(one).length > 0)) return undefined;
  const declared = rulesOf(schema);
  const type = declared.length === 0 ? undefined : schemaType(schema, root || isEmbedded(schema));
  const items = itemsOf(schema);
  const additional = additionalOf(schema);
  return {
    schema,
    type,
    rules: type === undefined ? [] : declared.map((rule) => compileRule(rule, type.type)),
    properties: propertiesOf(schema).flatMap(([name, below]) => {
      const node = compile(below, false);
      return node === undefined ? [] : [[name, node] as const];
    }),
    items: items === undefined ? undefined : compile(items, false),
    additional: typeof additional === 'object' ? compile(additional, false) : undefined,
  };
}

function whereOf(path: FieldPath): string {
  const text = String(path);
  return text === '' ? '<nil>' : text;
}

function ruleText({ rule }: CompiledRule): string {
  return (rule.message ?? '') === '' ? rule.rule.trim() : (rule.message ?? '').trim();
}

const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run';

/** `old`: the value that oldSelf is. `before`: what is told apart for ratcheting, which also looks at parents. */
function checkNode(
  walk: Walk,
  node: Node,
  value: unknown,
  old: unknown,
  unchanged: () => boolean,
  path: FieldPath,
): void {
  if (value === null || value === undefined) return;
  if (node.rules.length > 0) checkRules(walk, node, value, old, unchanged, path);
  const before: Before = old === undefined ? undefined : { value: old };
  if (Array.isArray(value)) {
    if (node.items === undefined) return;
    const { items } = node;
    const correlated = correlate(node.schema, before);
    value.forEach((item: unknown, index) => {
      const was = correlated.item(item);
      const same = was === undefined ? unchanged : () => deepEqual(item, was.value);
      checkNode(walk, items, item, was?.value, same, path.index(index));
    });
    return;
  }
  if (!isJsonObject(value)) return;
  const oldFields = isJsonObject(old) ? old : {};
  const visit = (child: Node, key: string, at: FieldPath): void => {
    const now = getOwn(value, key);
    const was = getOwn(oldFields, key);
    const same = was === undefined ? unchanged : () => deepEqual(now, was);
    checkNode(walk, child, now, was, same, at);
  };
  if (node.additional !== undefined)
    for (const key of Object.keys(value).sort()) visit(node.additional, key, path.key(key));
  for (const [name, child] of node.properties)
    if (Object.hasOwn(value, name)) visit(child, name, path.child(name));
}

function checkRules(
  walk: Walk,
  node: Node,
  value: unknown,
  old: unknown,
  unchanged: () => boolean,
  path: FieldPath,
): void {
  const type = node.type!;
  const shown = node.schema.type ?? '';
  const where = whereOf(path);
  const fail = (detail: string): void => void walk.errors.push(invalidValue(where, shown, detail));
  const hasOld = old !== undefined && old !== null;
  for (const compiled of node.rules) {
    if (compiled.program === undefined) {
      fail(`rule compile error: ${compiled.error ?? ''}`);
      continue;
    }
    const optional = compiled.rule.optionalOldSelf === true;
    if (compiled.usesOldSelf && !hasOld && !optional) continue;
    let cost = 0;
    try {
      const variables = new Map<string, Value>([['self', type.adapt(value)]]);
      if (hasOld) variables.set('oldSelf', optional ? new Optional(type.adapt(old)) : type.adapt(old));
      else if (optional) variables.set('oldSelf', none);
      let holds = false;
      try {
        holds = compiled.program.evaluate(variables, perCallLimit, (spent) => (cost = spent)).value === true;
      } finally {
        walk.budget -= cost;
      }
      if (walk.budget < 0) {
        fail(outOfBudget);
        throw new Exhausted();
      }
      if (!holds) refuse(walk, node, compiled, variables, value, unchanged, path);
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      const text = ruleText(compiled);
      if (error instanceof CelCostError) {
        fail(
          `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`,
        );
        throw new Exhausted();
      }
      if (error.message.startsWith('no such overload')) {
        fail(
          `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`,
        );
      } else fail(`${error.message} evaluating rule: ${text}`);
    }
  }
}

/** Tells that a rule does not hold, unless the value was wrong before. */
function refuse(
  walk: Walk,
  node: Node,
  compiled: CompiledRule,
  variables: ReadonlyMap<string, Value>,
  value: unknown,
  unchanged: () => boolean,
  path: FieldPath,
): void {
  if (!compiled.usesOldSelf && unchanged()) return;
  const { rule } = compiled;
  let place = path;
  if ((rule.fieldPath ?? '') !== '') {
    const found = resolveFieldPath(node.schema, rule.fieldPath ?? '');
    if ('path' in found) place = path.child(String(found.path));
  }
  const where = whereOf(place);
  const detail = messageOf(walk, compiled.message, variables) ?? defaultMessage(compiled);
  const { type } = node.schema;
  const bad = type === 'object' || type === 'array' ? undefined : value;
  switch (rule.reason) {
    case 'FieldValueForbidden':
      walk.errors.push(forbiddenField(where, detail));
      break;
    case 'FieldValueRequired':
      walk.errors.push(required(where, detail));
      break;
    case 'FieldValueDuplicate':
      walk.errors.push(duplicate(where, bad));
      break;
    default:
      walk.errors.push(invalidValue(where, bad, detail));
  }
}

function defaultMessage(compiled: CompiledRule): string {
  const { message = '' } = compiled.rule;
  return message === '' ? `failed rule: ${compiled.rule.rule.trim()}` : message.trim();
}

/** What the rule's own expression says; undefined when it says nothing that can be shown. */
function messageOf(
  walk: Walk,
  program: Program | undefined,
  variables: ReadonlyMap<string, Value>,
): string | undefined {
  if (program === undefined) return undefined;
  let cost = 0;
  try {
    const { value } = program.evaluate(variables, perCallLimit, (spent) => (cost = spent));
    const text = typeof value === 'string' ? value.trim() : '';
    if (text === '' || text.length > maxMessageBytes || text.includes('\n')) return undefined;
    return text;
  } catch (error) {
    if (error instanceof CelError) return undefined;
    throw error;
  } finally {
    walk.budget -= cost;
  }
}

/** Compiles all rules of a schema; undefined when it has none. */
export function compileRuleCheck(schema: JsonSchema): RuleCheck | undefined {
  const root = compile(schema, true);
  if (root === undefined) return undefined;
  return (object, old) => {
    const walk: Walk = { errors: [], budget: budgetOfAll };
    const unchanged = old === undefined ? () => false : () => deepEqual(object, old);
    try {
      checkNode(walk, root, object, old, unchanged, fieldPath());
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error;
    }
    return walk.errors;
  };
}
