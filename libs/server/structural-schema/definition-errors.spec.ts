import { fieldPath, formatFieldError } from '@drydock/base/apimachinery';
import { describe, expect, it } from 'vitest';
import { definitionRuleErrors } from '../schema-rules/index.ts';
import { definitionSchemaErrors, type JsonSchema } from './index.ts';

function errorsOf(spec: JsonSchema, root: JsonSchema = {}): string[] {
  const schema: JsonSchema = { type: 'object', properties: { spec }, ...root };
  return definitionSchemaErrors(schema, fieldPath('s'), {
    hasStatus: false,
    rules: definitionRuleErrors,
  }).map(formatFieldError);
}

const spec = 's.properties[spec]';

describe('the schema of a definition', () => {
  it.each<[string, JsonSchema, string[]]>([
    [
      'a type is missing',
      {},
      [`${spec}.type: Required value: must not be empty for specified object fields`],
    ],
    ['items are missing', { type: 'array' }, [`${spec}.items: Required value: must be specified`]],
    [
      'a type within a branch',
      { type: 'object', anyOf: [{ type: 'object' }] },
      [`${spec}.anyOf[0].type: Forbidden: must be empty to be structural`],
    ],
    [
      'a pattern that is none',
      { type: 'string', pattern: '(' },
      [
        `${spec}.pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``,
      ],
    ],
    [
      'a default that is not right',
      { type: 'integer', default: 'x' },
      [`${spec}.default: Invalid value: "string":  in body must be of type integer: "string"`],
    ],
    [
      'a default with unknown fields',
      { type: 'object', default: { a: 1 } },
      [`${spec}.default: Invalid value: {"a":1}: must not have unknown fields`],
    ],
    [
      'a map with properties',
      { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
      [`${spec}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
    ],
    [
      'unique items',
      { type: 'array', uniqueItems: true, items: { type: 'string' } },
      [
        `${spec}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
      ],
    ],
    [
      'preserving nothing',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
      [`${spec}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`],
    ],
    [
      'a list map without keys',
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
      [
        `${spec}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
      ],
    ],
    [
      'a list map whose key is optional',
      {
        type: 'array',
        items: { type: 'object', properties: { k: { type: 'string' } } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
      },
      [
        `${spec}.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
      ],
    ],
    [
      'a rule that does not compile',
      {
        type: 'object',
        properties: { a: { type: 'integer' } },
        'x-kubernetes-validations': [{ rule: 'self.b > 1' }],
      },
      [
        `${spec}.x-kubernetes-validations[0].rule: Invalid value: {"FieldPath":"","Message":"","MessageExpression":"","OptionalOldSelf":null,"Reason":null,"Rule":"self.b \\u003e 1"}: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b > 1\n | ....^`,
      ],
    ],
    [
      'a rule that is no condition',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self + 1' }] },
      [
        `${spec}.x-kubernetes-validations[0].rule: Invalid value: {"FieldPath":"","Message":"","MessageExpression":"","OptionalOldSelf":null,"Reason":null,"Rule":"self + 1"}: cel expression must evaluate to a bool`,
      ],
    ],
    [
      'oldSelf in a list of no keys',
      {
        type: 'array',
        maxItems: 5,
        items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
      },
      [
        `${spec}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${spec}`,
      ],
    ],
    [
      'optionalOldSelf without oldSelf',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 1', optionalOldSelf: true }] },
      [
        `${spec}.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
      ],
    ],
    [
      'a message over several lines',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 1', message: 'a\nb' }] },
      [`${spec}.x-kubernetes-validations[0].message: Invalid value: "a\\nb": must not contain line breaks`],
    ],
    [
      'a path to nowhere',
      { type: 'object', 'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.a' }] },
      [`${spec}.x-kubernetes-validations[0].fieldPath: Invalid value: ".a": must be a valid path`],
    ],
  ])('%s', (_name, schema, lines) => {
    expect(errorsOf(schema)).toEqual(lines);
  });

  it('bounds what rules may cost', () => {
    const lists: JsonSchema = {
      type: 'array',
      items: { type: 'string' },
      'x-kubernetes-validations': [{ rule: 'self.all(x, self.all(y, x == y))' }],
    };
    const [first = ''] = errorsOf(lists);
    expect(first).toBe(
      `${spec}.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    );
    const bounded = { ...lists, maxItems: 10, items: { type: 'string', maxLength: 20 } } as JsonSchema;
    expect(errorsOf(bounded)).toEqual([]);
  });

  it('asks for what branches speak of', () => {
    expect(
      errorsOf(
        { type: 'object' },
        { properties: {}, anyOf: [{ properties: { spec: { required: ['a'] } } }] },
      ),
    ).toEqual(['s.properties[spec]: Required value: because it is defined in s.anyOf[0].properties[spec]']);
  });

  it('lets metadata be limited by its names only', () => {
    const named = { type: 'object', properties: { name: { type: 'string', maxLength: 5 } } } as JsonSchema;
    expect(errorsOf({ type: 'object' }, { properties: { metadata: named } })).toEqual([]);
    const more = { type: 'object', properties: { labels: { type: 'object' } } } as JsonSchema;
    expect(errorsOf({ type: 'object' }, { properties: { metadata: more } })).toEqual([
      's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
    ]);
  });
});
