import { describe, expect, it } from 'vitest';
import { customSchema } from './custom.ts';

const gvks = [{ group: 'example.com', version: 'v1', kind: 'Foo' }];
const known = { 'x-kubernetes-group-version-kind': gvks };
const spec = { type: 'object', properties: { size: { type: 'integer' } } };

describe('the schema of a custom kind', () => {
  it('has the fields of every object beside its own', () => {
    for (const dialect of ['v2', 'v3'] as const) {
      const made = customSchema({ type: 'object', properties: { spec } }, dialect, gvks);
      expect(made).toMatchObject({ type: 'object', ...known, properties: { spec } });
      expect(Object.keys(made['properties'] as object).sort()).toEqual([
        'apiVersion',
        'kind',
        'metadata',
        'spec',
      ]);
    }
  });

  it('describes them in the words that conformance tests of `kubectl explain` look for', () => {
    const made = customSchema({ type: 'object', properties: { spec } }, 'v2', gvks);
    expect(made).toMatchObject({
      properties: {
        apiVersion: { description: expect.stringMatching(/^APIVersion defines/) as string },
        metadata: { description: expect.stringMatching(/^Standard object's metadata/) as string },
      },
    });
  });

  // A client of v2 takes fields that a schema does not name for wrong.
  it('names no fields in v2 where the kind keeps those that it does not know', () => {
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { spec } };
    expect(customSchema(open, 'v2', gvks)).toEqual({ type: 'object', ...known });
    expect(customSchema(open, 'v3', gvks)).toMatchObject({ properties: { spec } });
  });
});
