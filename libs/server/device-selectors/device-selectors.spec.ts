import { describe, expect, it } from 'vitest';
import { compileDeviceSelector, deviceSelectorProblem } from './index.ts';

const device = {
  driver: 'dra.example.com',
  attributes: {
    name: { string: 'gpu-0' },
    index: { int: 3 },
    healthy: { bool: true },
    driverVersion: { version: '1.2.3' },
    'other.example.com/name': { string: 'theirs' },
  },
  capacity: { memory: { value: '16Gi' }, 'other.example.com/slots': { value: '4' } },
};
const own = `device.attributes["dra.example.com"]`;

describe('selectors of devices', () => {
  it.each([
    ['device.driver == "dra.example.com"', true],
    [`${own}.name == "gpu-0"`, true],
    [`${own}.index > 2 && ${own}.healthy`, true],
    [`${own}.driverVersion.compareTo(semver("1.2.0")) > 0`, true],
    [`${own}.driverVersion.isLessThan(semver("1.2.3"))`, false],
    ['device.attributes["other.example.com"].name == "theirs"', true],
    ['device.capacity["dra.example.com"].memory.compareTo(quantity("8Gi")) >= 0', true],
    ['device.capacity["dra.example.com"].memory.isGreaterThan(quantity("1Ti"))', false],
    ['device.capacity["other.example.com"].slots == quantity("4")', true],
    // A domain without anything in it is an empty map, but is not there.
    ['has(device.attributes["no.example.com"].name)', false],
    ['"name" in device.attributes["no.example.com"]', false],
    ['"no.example.com" in device.attributes', false],
    ['"dra.example.com" in device.attributes', true],
    ['device.attributes.size() == 2', true],
    [`has(${own}.nothing) && ${own}.nothing == "x"`, false],
    [`cel.bind(dra, ${own}, dra.healthy && dra.index == 3)`, true],
    [`${own}[?"nothing"].orValue("") == ""`, true],
    ['device.allowMultipleAllocations', false],
  ])('%s: %s', (expression, expected) => {
    expect(compileDeviceSelector(expression).matches(device)).toBe(expected);
  });

  it('says what keeps an expression from having a value', () => {
    const run = (expression: string) => () => compileDeviceSelector(expression).matches(device);
    expect(run(`${own}.nothing == "x"`)).toThrow('no such key: nothing');
    expect(run(`${own}.name`)).toThrow('CEL result could not be converted to bool');
  });

  it.each([
    ['true', undefined],
    [`${own}.name`, undefined],
    ['device.driver', 'must evaluate to bool or the unknown type, not string'],
    ['device.capacity["a"]["b"]', 'must evaluate to bool or the unknown type, not kubernetes.Quantity'],
    ['device.nosuch', /^compilation failed: .*undefined field 'nosuch'/s],
    ['noSuchVar', /^compilation failed: .*undeclared reference to 'noSuchVar'/s],
  ])('the problem of %s: %s', (expression, expected) => {
    const problem = deviceSelectorProblem(expression);
    if (expected instanceof RegExp) expect(problem).toMatch(expected);
    else expect(problem).toBe(expected);
  });
});
