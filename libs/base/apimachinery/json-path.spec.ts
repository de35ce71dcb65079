import { describe, expect, it } from 'vitest';
import { compileJsonPath } from './json-path.ts';

const object = {
  metadata: { name: 'x', annotations: { 'example.com/a.b': 'dotted' } },
  spec: {
    replicas: 3,
    ports: [
      { name: 'http', port: 80 },
      { name: 'https', port: 443 },
      { name: "o'dd", port: 8080 },
    ],
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Stalled', status: 'False', reason: 'a]b' },
    ],
  },
};

describe('paths of printer columns', () => {
  it.each([
    ['.metadata.name', ['x']],
    ['{.metadata.name}', ['x']],
    ['metadata.name', ['x']],
    ['$.metadata.name', ['x']],
    ['.', [object]],
    ['', [object]],
    ['.metadata.annotations.example\\.com/a\\.b', ['dotted']],
    ["['metadata']['annotations'][\"example.com/a.b\"]", ['dotted']],
    ['.metadata.missing.name', []],
    ['.metadata.constructor', []],
    ['.spec.ports[0].port', [80]],
    ['.spec.ports[-1].port', [8080]],
    ['.spec.ports[9].port', []],
    ['.spec.ports[*].port', [80, 443, 8080]],
    ['.spec.ports[0:2].port', [80, 443]],
    ['.spec.ports[::2].port', [80, 8080]],
    ['.spec.ports[0,2].port', [80, 8080]],
    ['.spec.*', [3, object.spec.ports]],
    ['..port', [80, 443, 8080]],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type == 'Stalled')].status", ['False']],
    ['.status.conditions[?(@.type!="Ready")].type', ['Stalled']],
    ['.status.conditions[?(@.reason)].type', ['Stalled']],
    ['.status.conditions[?(@.reason=="a]b")].type', ['Stalled']],
    ['.spec.ports[?(@.port>=443)].name', ['https', "o'dd"]],
    ['.spec.ports[?(@.port<443)].name', ['http']],
    ['.spec.ports[?(@.name=="o\'dd")].port', [8080]],
    ['.spec.ports[?(@.port=="80")].name', []],
  ])('%s', (path, expected) => {
    expect(compileJsonPath(path).evaluate(object)).toEqual(expected);
  });

  it.each(['.a[', '.a[x]', '.a[?(b)]', 'a b', '.a]'])('%s is refused', (path) => {
    expect(() => compileJsonPath(path)).toThrow(expect.objectContaining({ name: 'JsonPathSyntaxError' }));
  });
});
