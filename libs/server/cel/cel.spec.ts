import { describe, expect, it } from 'vitest';
import {
  CelCompileError,
  compileProgram,
  dyn,
  estimateCost,
  int,
  listOf,
  mapOf,
  PlainMap,
  string,
  type Value,
} from './index.ts';

const variables = new Map([
  ['x', int],
  ['s', string],
  ['list', listOf(int, 10)],
  ['words', listOf(string, 10)],
  ['map', mapOf(string, int)],
  ['any', dyn],
]);
const values = new Map<string, Value>([
  ['x', 3n],
  ['s', 'héllo'],
  ['list', [1n, 2n, 3n]],
  ['words', ['a', 'b']],
  ['map', new PlainMap([['a', 1n]])],
  ['any', 'text'],
]);

function run(source: string): unknown {
  return compileProgram(source, variables).evaluate(values, 1_000_000).value;
}

function issue(source: string): string {
  try {
    compileProgram(source, variables);
    return '';
  } catch (error) {
    if (error instanceof CelCompileError) return error.message;
    throw error;
  }
}

describe('expressions that hold', () => {
  it.each([
    '1 + 2 * 3 == 7 && -x == -3 && 7 / 2 == 3 && 7 % 4 == 3 && - - 2 == 2',
    '1.5 + 2.5 == 4.0 && 1 < 1.5 && 2u == 2 && 0x10 == 16 && 1e3 == 1000.0',
    '"a" + r"\\d" == "a\\\\d" && \'\\x41\\u00e9\' == "Aé" && """a"b""" == "a\\"b"',
    'size(s) == 5 && s.size() == 5 && s.startsWith("hé") && s.endsWith("o") && s.contains("ll") && s.matches("^h.*o$")',
    'list.all(i, i > 0) && list.exists(i, i == 2) && list.exists_one(i, i == 3) && !list.exists(i, i > 5)',
    'list.map(i, i * 2) == [2, 4, 6] && list.filter(i, i > 1) == [2, 3] && list.map(i, i > 1, i + 1) == [3, 4]',
    'list.all(i, v, v == i + 1) && map.exists(k, v, k == "a" && v == 1)',
    'map.transformMap(k, v, v + 1) == {"a": 2} && list.transformList(i, v, i * v) == [0, 2, 6]',
    'list.transformMapEntry(i, v, {v: i}) == {1: 0, 2: 1, 3: 2}',
    '"a" in map && !("b" in map) && 2 in list && map["a"] == 1 && map.a == 1 && has(map.a) && !has(map.b)',
    'cel.bind(y, x + 1, y * y) == 16',
    'x > 2 ? true : false',
    'true || 1 / 0 == 1',
    '1 / 0 == 1 || true',
    '!(false && 1 / 0 == 1)',
    'optional.of(1).hasValue() && !optional.none().hasValue() && map[?"a"].orValue(5) == 1 && map.?b.orValue(5) == 5',
    'map.?a.optMap(v, v + 1).value() == 2 && list[?7].or(optional.of(9)).value() == 9',
    '[?map.?a, ?map.?b] == [1] && {?"c": map.?a} == {"c": 1}',
    'words.join("-") == "a-b" && "a,b,c".split(",") == ["a", "b", "c"] && "a,b,c".split(",", 2) == ["a", "b,c"]',
    '"Abc".lowerAscii() == "abc" && "abc".upperAscii() == "ABC" && " a ".trim() == "a" && "abcabc".replace("b", "x", 1) == "axcabc"',
    '"héllo".indexOf("l") == 2 && "héllo".lastIndexOf("l") == 3 && "héllo".substring(1, 3) == "él" && "abc".charAt(1) == "b"',
    '"%s is %d, %.2f, %x, %b, %o".format([dyn("a"), 5, 1.005, 255, 5, 8]) == "a is 5, 1.00, ff, 101, 10"',
    'list.isSorted() && list.sum() == 6 && list.min() == 1 && list.max() == 3 && list.indexOf(2) == 1 && [1, 1].lastIndexOf(1) == 1',
    '[3, 1, 2].sort() == [1, 2, 3] && [1, 2, 3].slice(1, 2) == [2] && [[1], [2]].flatten() == [1, 2] && [1, 1].distinct() == [1] && lists.range(3) == [0, 1, 2]',
    '"abc 123 456".find("[0-9]+") == "123" && "abc 123 456".findAll("[0-9]+") == ["123", "456"] && "1 2 3".findAll("[0-9]", 2) == ["1", "2"]',
    'quantity("1Gi").isGreaterThan(quantity("1G")) && quantity("500m").add(quantity("500m")) == quantity("1") && isQuantity("1.5k") && !isQuantity("x") && quantity("2k").asInteger() == 2000 && quantity("1").sub(1).sign() == 0',
    'ip("10.0.0.1").family() == 4 && isIP("::1") && !isIP("10.0.0.256") && ip("127.0.0.1").isLoopback() && ip("8.8.8.8").isGlobalUnicast() && ip.isCanonical("::1")',
    'cidr("10.0.0.0/8").containsIP("10.1.2.3") && cidr("10.0.0.0/8").containsCIDR(cidr("10.1.0.0/16")) && cidr("10.1.2.3/8").masked() == cidr("10.0.0.0/8") && cidr("10.0.0.0/8").prefixLength() == 8 && string(cidr("10.0.0.0/8").ip()) == "10.0.0.0" && isCIDR("::/0")',
    'url("https://user@example.com:80/a/b?x=1&x=2#f").getHost() == "example.com:80" && url("https://[::1]:80/").getHostname() == "::1" && url("https://e.com:80/").getPort() == "80" && url("https://e.com/a?x=1&x=2").getQuery()["x"] == ["1", "2"] && isURL("/path") && !isURL("x")',
    'semver("1.2.3").isLessThan(semver("1.10.0")) && semver("1.0.0-rc.1").compareTo(semver("1.0.0")) == -1 && isSemver("v1.2", true) && !isSemver("v1.2") && semver("1.2.3").minor() == 2',
    'format.dns1123Label().validate("abc") == optional.none() && format.named("labelValue").value().validate("-").hasValue()',
    'sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])',
    'timestamp("2024-01-02T03:04:05Z").getFullYear() == 2024 && timestamp("2024-01-02T03:04:05Z") + duration("1h") == timestamp("2024-01-02T04:04:05Z") && duration("1h30m").getMinutes() == 90 && timestamp("2024-01-02T03:04:05Z").getHours("+01:00") == 4',
    'type(1) == int && type("a") == string && string(1) == "1" && int("7") == 7 && double("1.5") == 1.5 && uint(3) == 3u && string(duration("90s")) == "90s" && bool("true")',
    'dyn([1, dyn("a")]).size() == 2 && any == "text" && dyn(1) == 1.0',
    'b"abc" == bytes("abc") && b"\\xff".size() == 1',
    '// a comment\n true',
  ])('%s', (source) => {
    expect(run(source)).toBe(true);
  });
});

describe('what has no value', () => {
  it.each([
    ['1 / 0 == 1', 'division by zero'],
    ['1 % 0 == 1', 'modulus by zero'],
    ['9223372036854775807 + 1 > 0', 'integer overflow'],
    ['list[5] == 1', 'index out of bounds: 5'],
    ['map["z"] == 1', 'no such key: z'],
    ['any.foo == 1', 'no such overload: select(string)'],
    ['list.all(i, any.foo)', 'no such overload: select(string)'],
    ['quantity("x") == quantity("1")', 'quantities must match the regular expression'],
  ])('%s: %s', (source, message) => {
    expect(() => run(source)).toThrow(message);
  });

  it('ends what costs too much', () => {
    const program = compileProgram(
      'lists.range(1000).all(i, lists.range(1000).all(j, i + j >= 0))',
      variables,
    );
    expect(() => program.evaluate(values, 1_000_000)).toThrow(
      'operation cancelled: actual cost limit exceeded',
    );
  });
});

describe('what does not compile', () => {
  it.each([
    ['y == 1', "ERROR: <input>:1:1: undeclared reference to 'y' (in container '')\n | y == 1\n | ^"],
    [
      'x + "a" == s',
      "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | x + \"a\" == s\n | ..^",
    ],
    [
      's.startsWith(1)',
      "ERROR: <input>:1:13: found no matching overload for 'startsWith' applied to 'string.(int)'\n | s.startsWith(1)\n | ............^",
    ],
    ['x.foo', "ERROR: <input>:1:2: type 'int' does not support field selection\n | x.foo\n | .^"],
    [
      'x.all(i, true)',
      "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | x.all(i, true)\n | ^",
    ],
    ['[1, "a"] == []', "expected type 'int' but found 'string'"],
    ['nope(1)', "undeclared reference to 'nope' (in container '')"],
    ['1 +', "Syntax error: mismatched input '<EOF>'"],
    ['x ==== 1', 'Syntax error: mismatched input'],
    ['"abc', 'Syntax error: token recognition error'],
    ['namespace == 1', 'reserved identifier: namespace'],
  ])('%s', (source, message) => {
    expect(issue(source)).toContain(message);
  });

  it('does not overflow on deeply nested text', () => {
    expect(issue(`${'('.repeat(5000)}1${')'.repeat(5000)}`)).toContain('recursion limit exceeded');
  });
});

describe('estimates', () => {
  const cost = (source: string): number => estimateCost(compileProgram(source, variables).checked).max;

  it('follows sizes through macros', () => {
    expect(cost('x > 1')).toBeLessThan(5);
    expect(cost('list.all(i, i > 0)')).toBeLessThan(100);
    expect(cost('list.all(i, list.all(j, i != j))')).toBeGreaterThan(cost('list.all(i, i > 0)') * 5);
    expect(cost('s.matches("a.*b") && s.contains(s)')).toBe(Infinity);
  });
});
