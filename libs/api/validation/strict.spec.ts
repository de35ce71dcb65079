import { describe, expect, it } from 'vitest';
import { strictProblems } from './index.ts';

const deployment = 'k8s.io.api.apps.v1.Deployment';

describe('strict decoding', () => {
  it('tells unknown and repeated fields in the order of the text, with their whole paths', () => {
    const text = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x","labels":{"app":"a","app":"b"}},
      "spec":{"unknown1":"val1","unknownDupe":"a","unknownDupe":"b","paused":true,"paused":false,
        "template":{"spec":{"containers":[{"name":"c","unknownNested":"v","imagePullPolicy":"Always","imagePullPolicy":"Never"}]}}}}`;
    expect(strictProblems(text, deployment)).toEqual([
      'duplicate field "metadata.labels.app"',
      'unknown field "spec.unknown1"',
      'unknown field "spec.unknownDupe"',
      'duplicate field "spec.paused"',
      'unknown field "spec.template.spec.containers[0].unknownNested"',
      'duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
    ]);
  });

  it('compares names exactly, and after their escapes', () => {
    expect(strictProblems('{"Spec":{}}', deployment)).toEqual(['unknown field "Spec"']);
    expect(strictProblems('{"spec":{},"\\u0073pec":{}}', deployment)).toEqual(['duplicate field "spec"']);
  });

  it('finds only repeated keys where there is no schema', () => {
    expect(strictProblems('{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"d":2}]}', undefined)).toEqual([
      'duplicate field "a.b"',
      'duplicate field "c[1].d"',
    ]);
  });

  it('stops at a hundred and tells each once', () => {
    const many = Array.from({ length: 150 }, (_, index) => `"x${index}":1`).join(',');
    expect(strictProblems(`{${many}}`, deployment)).toHaveLength(100);
    expect(strictProblems('{"a":1,"a":2,"a":3}', undefined)).toEqual(['duplicate field "a"']);
  });
});
