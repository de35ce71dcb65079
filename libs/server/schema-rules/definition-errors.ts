import type { FieldError, FieldPath } from '@drydock/base/apimachinery';
import { forbiddenField, invalidValue } from '@drydock/base/apimachinery';
import { estimateCost, type Program } from '../cel/index.ts';
import {
  additionalOf,
  isEmbedded,
  itemsOf,
  propertiesOf,
  rulesOf,
  type JsonSchema,
  type ValidationRule,
} from '../structural-schema/index.ts';
import { compileRule } from './rule.ts';
import { maxRequestBytes, schemaType } from './schema-type.ts';

const limitOfOne = 10_000_000;
const limitOfAll = 100_000_000;
const told = 4;

interface Expense {
  readonly where: FieldPath;
  readonly cost: number;
}

interface Walk {
  readonly errors: FieldError[];
  readonly expenses: Expense[];
}

/** What a part of a schema inherits. */
interface Around {
  /** How often it may occur in one object; undefined when nothing bounds it. */
  readonly cardinality: number | undefined;
  /** The list that its old values cannot be found in. */
  readonly uncorrelatable: FieldPath | undefined;
  readonly root: boolean;
}

/** `exceeds budget by factor of …` */
function tooExpensive(what: string, cost: number, limit: number): string {
  const by = cost / limit;
  const factor = by > 100 ? 'more than 100x' : by < 1.5 ? `${by.toFixed(6)}x` : `${by.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** A rule as Kubernetes prints it in errors. */
function printed(rule: ValidationRule): unknown {
  return {
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

function observe(walk: Walk, program: Program, times: number, what: string, where: FieldPath): void {
  const { max } = estimateCost(program.checked);
  const cost = max === 0 ? 0 : max * times;
  if (cost > limitOfOne) walk.errors.push(forbiddenField(where, tooExpensive(what, cost, limitOfOne)));
  walk.expenses.push({ where, cost });
}

function ruleErrors(walk: Walk, schema: JsonSchema, where: FieldPath, around: Around): void {
  const rules = rulesOf(schema);
  if (rules.length === 0) return;
  const type = schemaType(schema, around.root || isEmbedded(schema));
  if (type === undefined) return;
  const times = around.cardinality ?? Math.floor(maxRequestBytes / (type.minSize + 1));
  rules.forEach((rule, index) => {
    const at = where.child('x-kubernetes-validations').index(index);
    const compiled = compileRule(rule, type.type);
    if (compiled.program !== undefined)
      observe(walk, compiled.program, times, 'estimated rule cost', at.child('rule'));
    if (compiled.error !== undefined)
      walk.errors.push(invalidValue(at.child('rule'), printed(rule), compiled.error));
    const atMessage = at.child('messageExpression');
    if (compiled.messageError !== undefined)
      walk.errors.push(invalidValue(atMessage, printed(rule), compiled.messageError));
    else if (compiled.message !== undefined)
      observe(walk, compiled.message, 1, 'estimated messageExpression cost', atMessage);
    if (compiled.usesOldSelf) {
      if (around.uncorrelatable !== undefined) {
        const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${String(around.uncorrelatable)}`;
        walk.errors.push(invalidValue(at.child('rule'), rule.rule, detail));
      }
    } else if (rule.optionalOldSelf !== undefined) {
      const detail = 'may not be set if oldSelf is not used in rule';
      walk.errors.push(invalidValue(at.child('optionalOldSelf'), rule.optionalOldSelf, detail));
    }
  });
}

function timesMore(cardinality: number | undefined, count: number | undefined): number | undefined {
  return cardinality === undefined || count === undefined ? undefined : cardinality * count;
}

function visit(walk: Walk, schema: JsonSchema, where: FieldPath, around: Around): void {
  const within: Around = { ...around, root: false };
  const additional = additionalOf(schema);
  if (typeof additional === 'object') {
    visit(walk, additional, where.child('additionalProperties'), {
      ...within,
      cardinality: timesMore(around.cardinality, schema.maxProperties),
    });
  }
  for (const [name, below] of propertiesOf(schema))
    visit(walk, below, where.child('properties').key(name), within);
  const items = itemsOf(schema);
  if (items !== undefined) {
    const correlates = schema['x-kubernetes-list-type'] === 'map';
    visit(walk, items, where.child('items'), {
      root: false,
      cardinality: timesMore(around.cardinality, schema.maxItems),
      uncorrelatable: around.uncorrelatable ?? (correlates ? undefined : where),
    });
  }
  ruleErrors(walk, schema, where, around);
}

/** What is wrong with the rules of a definition's schema: they do not compile, or may cost too much. */
export function definitionRuleErrors(schema: JsonSchema, where: FieldPath): FieldError[] {
  const walk: Walk = { errors: [], expenses: [] };
  visit(walk, schema, where, { cardinality: 1, uncorrelatable: undefined, root: true });
  const total = walk.expenses.reduce((sum, { cost }) => sum + cost, 0);
  if (total > limitOfAll) {
    const detail =
      'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    for (const { where: at } of walk.expenses.toSorted((a, b) => b.cost - a.cost).slice(0, told))
      walk.errors.push(forbiddenField(at, detail));
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    walk.errors.push(forbiddenField(where, tooExpensive(what, total, limitOfAll)));
  }
  return walk.errors;
}
