import { describe, expect, it } from 'vitest';
import { callsOnly } from './index.ts';

const known = (name: string) => ['sh', 'cat', 'env', 'echo', 'sleep', 'test', 'xargs', '['].includes(name);

describe('what a command line calls', () => {
  it.each([
    ['cat /etc/hosts', true],
    ['wget x', false],
    ['/bin/cat x; /usr/bin/env', true],
    ['/opt/cat', false],
    ['if [ -f x ]; then echo a; elif test b; then exit 1; else wget; fi', false],
    ['if [ -f x ]; then echo a; else cd /; fi', true],
    ['echo $(cat x) "`cat y`"', true],
    ['echo "$(date)"', false],
    ['A=$(date) echo', false],
    ['echo ${A:-$(date)}', false],
    ['echo $(( 1 + 2 ))', true],
    ['cat < $(date)', false],
    ['for a in 1 2; do curl $a; done', false],
    ['while true; do sleep 1; done', false],
    ['while :; do sleep 1; done', true],
    ['case $1 in a) ls;; esac', false],
    ['f() { cat x; }; f', true],
    ['cat x | grep y', false],
    ['cat x && (curl y)', false],
    ['$COMMAND x', false],
    ['env A=b -i cat', true],
    ['env A=b wget', false],
    ['echo x | xargs -n 1 wget', false],
    ['exec sleep 5', true],
    ['exec nginx', false],
    ["sh -c 'wget y'", false],
    ["sh -c 'cat y'", true],
    ['echo "open', true],
  ])('%s: %s', (script, expected) => expect(callsOnly(['sh', '-c', script], known)).toBe(expected));

  it.each([
    [['cat', 'x'], true],
    [['sh', '/scripts/x.sh'], true],
    [['nginx', '-g'], false],
    [['sh', '-ec', 'wget x'], false],
    [[], false],
  ])('%j: %s', (args, expected) => expect(callsOnly(args, known)).toBe(expected));
});
