import { describe, expect, it } from 'vitest';
import { enabledControllers, unknownControllers } from './index.ts';

describe('--controllers', () => {
  it.each([
    ['*', 'job-controller', true],
    ['*', 'token-cleaner-controller', false],
    ['*,tokencleaner', 'token-cleaner-controller', true],
    ['*,-job', 'job-controller', false],
    ['*,-job-controller', 'job-controller', false],
    ['-job,*,job', 'job-controller', false],
    ['deployment', 'job-controller', false],
    ['deployment', 'deployment-controller', true],
    ['', 'deployment-controller', false],
  ])('%s: %s %s', (list, name, on) => expect(enabledControllers(list)(name)).toBe(on));

  it('tells what it does not know', () => {
    expect(unknownControllers('*,-job,foo,-bar')).toEqual([
      '"foo" is not in the list of known controllers',
      '"bar" is not in the list of known controllers',
    ]);
  });
});
