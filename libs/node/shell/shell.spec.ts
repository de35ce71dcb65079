import { describe, expect, it } from 'vitest';
import { createBytePipe, readAll } from '@drydock/base/streams';
import { createTestContainer } from '../commands/container.spec-support.ts';
import { parseScript } from './parser.ts';
import { IncompleteInputError, ShellSyntaxError } from './syntax.ts';

const cases: readonly [script: string, out: string, code?: number][] = [
  ['echo hello   world', 'hello world\n'],
  [`echo "a  b" 'c $x' d\\ e`, 'a  b c $x d e\n'],
  ['x=5; echo $x ${x} "${x}y"', '5 5 5y\n'],
  ['unset x; echo ${x:-no} ${x-no} ${x:+yes}; x=1; echo ${x:+yes}', 'no no\nyes\n'],
  ['x=abc.tar.gz; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.} ${#x}', 'abc.tar abc tar.gz gz 10\n'],
  ['x=hello; echo ${x/l/L} ${x//l/L} ${x:1:3} ${x:2}', 'heLlo heLLo ell llo\n'],
  [': ${v:=set}; echo $v', 'set\n'],
  ['echo $((1 + 2 * 3)) $(( (1+2)*3 )) $((7/2)) $((7%3)) $((2>1?10:20))', '7 9 3 1 10\n'],
  ['i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done', '0\n1\n2\n'],
  ['for f in a "b c" d; do echo "<$f>"; done', '<a>\n<b c>\n<d>\n'],
  ['set -- x "y z"; for a; do echo "[$a]"; done; echo $# "$@" "$*"', '[x]\n[y z]\n2 x y z x y z\n'],
  ['if false; then echo a; elif true; then echo b; else echo c; fi', 'b\n'],
  ['case abc in x*) echo no;; a*|b*) echo yes;; *) echo other;; esac', 'yes\n'],
  ['f() { echo "in $1"; return 4; }; f me; echo $?', 'in me\n4\n'],
  ['f() { local x=2; echo $x; }; x=1; f; echo $x', '2\n1\n'],
  ['echo a && echo b || echo c; false && echo d || echo e', 'a\nb\ne\n'],
  ['(x=9; cd /tmp; pwd); echo "[$x]" $PWD', '/tmp\n[] /\n'],
  ['echo one | cat | tr a-z A-Z', 'ONE\n'],
  ['printf "b\\na\\n" | sort | head -n1', 'a\n'],
  ['echo $(echo $(echo deep)) `echo tick`', 'deep tick\n'],
  ['x="a b  c"; set -- $x; echo $#; set -- "$x"; echo $#', '3\n1\n'],
  ['touch /tmp/a1 /tmp/a2 /tmp/b1; cd /tmp; echo a* *1 "a*" z*', 'a1 a2 a1 b1 a* z*\n'],
  ['echo err >&2; echo out 2>/dev/null', 'out\n'],
  ['echo x > /tmp/f; echo y >> /tmp/f; cat < /tmp/f; wc -l < /tmp/f', 'x\ny\n2\n'],
  ['ls /nosuch 2>&1 | grep -c nosuch', '1\n'],
  ['cat <<EOF\nv=$((1+1)) "q"\nEOF', 'v=2 "q"\n'],
  ["cat <<'EOF'\n$x `y`\nEOF", '$x `y`\n'],
  ['cat <<< word', 'word\n'],
  ['while read a b; do echo "$b-$a"; done <<EOF\n1 2 3\n4 5\nEOF', '2 3-1\n5-4\n'],
  ['IFS=:; x=a:b:c; set -- $x; echo $2', 'b\n'],
  ['! true; echo $?; ! false; echo $?', '1\n0\n'],
  ['exit 7', '', 7],
  ['sh -c "exit 3"; echo $?', '3\n'],
  ['set -e; true; false; echo never', '', 1],
  ['set -e; if false; then :; fi; false || true; echo here', 'here\n'],
  ['nosuchprogram', '', 127],
  ['X=1 env | grep ^X=; echo "[$X]"', 'X=1\n[]\n'],
  ["export A=b; sh -c 'echo $A'", 'b\n'],
  ['echo "$(printf "a\\n\\n")|"', 'a|\n'],
  ['for i in 1 2 3; do [ $i = 2 ] && continue; [ $i = 3 ] && break; echo $i; done', '1\n'],
  ['true & wait; echo done', 'done\n'],
  ['sleep 0.01 & p=$!; wait $p; echo $?', '0\n'],
  ['trap "echo bye" EXIT; echo hi', 'hi\nbye\n'],
  ['trap "echo caught" TERM; kill -TERM $$; echo after', 'caught\nafter\n'],
  ['trap "echo bye; exit 3" 15; kill $$; echo never', 'bye\n', 3],
  ["trap '' TERM; kill $$; echo alive", 'alive\n'],
  ['trap "echo no" TERM; trap - TERM; kill $$; echo never', '', 143],
  ['trap "echo no" 15; trap 15; kill $$; echo never', '', 143],
  ['f() { echo "f $1"; }; trap "f x" USR1 SIGUSR2; kill -USR1 $$; kill -s USR2 $$', 'f x\nf x\n'],
  ['trap "echo no" KILL; kill -9 $$; echo never', '', 137],
  ['trap "exit 5" TERM; while true; do kill $$; sleep 9 & done', '', 5],
  [
    'trap "echo woken" TERM; sleep 30 & p=$!; (sleep 0.02; kill $$) & wait $p; echo $?; kill $p',
    'woken\n143\n',
  ],
  ['trap "echo no" TERM; (kill $$; echo sub) ; echo main', 'sub\nno\nmain\n'],
  ['eval "y=3; echo $((y+1))"', '1\n'],
  ["echo '#!/bin/sh\necho script $1' > /tmp/s; chmod +x /tmp/s; /tmp/s arg", 'script arg\n'],
  ['echo a#b # comment', 'a#b\n'],
  ['echo -n x; echo -e "\\ty"', 'x\ty\n'],
  ['command -v cat; type cd', '/bin/cat\ncd is a shell builtin\n'],
  ['x=$(false); echo $?', '1\n'],
  ['cd /nosuch || echo failed', 'failed\n'],
  ['yes | head -n 2', 'y\ny\n'],
  ['echo $(( $RANDOM / 32768 )) $SECONDS', '0 0\n'],
  ['RANDOM=a; echo $RANDOM', 'a\n'],
  ['echo ${nope?} ; echo not reached', '', 2],
];

describe('shell', () => {
  it.each(cases)('%s', async (script, out, code = 0) => {
    const ran = await createTestContainer().sh(script);
    expect(ran.out).toBe(out);
    expect(ran.code).toBe(code);
  });

  it('runs what comes on standard input line by line and leaves the rest to its commands', async () => {
    const ran = await createTestContainer().run(
      ['sh'],
      'echo start\nread line\nfor me\nif true\nthen echo $line\nfi\nexit 5\n',
    );
    expect(ran).toMatchObject({ out: 'start\nfor me\n', code: 5 });
  });

  it('throws dice', async () => {
    const { out } = await createTestContainer().sh('for i in 1 2 3 4 5 6 7 8; do echo $RANDOM; done');
    const thrown = out.trim().split('\n').map(Number);
    expect(thrown.every((one) => Number.isInteger(one) && one >= 0 && one < 32_768)).toBe(true);
    expect(new Set(thrown).size).toBeGreaterThan(1);
  });

  it('says what is wrong with a command in the words of ash', async () => {
    const { sh } = createTestContainer();
    expect((await sh('nosuch')).err).toBe('sh: nosuch: not found\n');
    expect((await sh('/etc')).err).toBe('sh: /etc: Permission denied\n');
    expect((await sh('cat < /nosuch')).err).toBe("sh: can't open /nosuch: no such file\n");
    expect((await sh('echo (')).err).toMatch(/^sh: syntax error/);
  });

  it.each([
    'if true',
    'while :; do',
    'echo "a',
    "echo 'a",
    'a |',
    'a &&',
    '{ a',
    '( a',
    'case x in',
    'cat <<E\nx',
    'echo $(a',
  ])('wants more after %j', (text) => expect(() => parseScript(text)).toThrow(IncompleteInputError));

  it.each(['fi', 'echo )', '| a', '&& a', 'for 1 in a; do :; done', 'case x in ) esac'])(
    'refuses %j',
    (text) => {
      expect(() => parseScript(text)).toThrow(ShellSyntaxError);
      expect(() => parseScript(text)).not.toThrow(IncompleteInputError);
    },
  );

  it('survives nesting and recursion without end', async () => {
    const { sh } = createTestContainer();
    expect((await sh('f() { f; }; f')).code).not.toBe(0);
    expect((await sh('('.repeat(500) + ')'.repeat(500))).code).not.toBe(0);
  });

  it('stops an endless loop when it is told to, and lets others run meanwhile', async () => {
    const { run } = createTestContainer();
    const stop = new AbortController();
    const endless = run(['sh', '-c', 'while :; do :; done'], '', stop.signal);
    const other = await createTestContainer().sh('echo alive');
    expect(other.out).toBe('alive\n');
    stop.abort(new Error('stopped'));
    expect((await endless).code).toBe(130);
  });

  it('makes a writer wait for a reader that is behind', async () => {
    const { host, run } = createTestContainer();
    const stop = new AbortController();
    const stdin = createBytePipe({ highWaterBytes: 1024 });
    const ran = run(['sh', '-c', 'sleep 100'], stdin, stop.signal);
    let taken = 0;
    while (stdin.push(new Uint8Array(512)) && taken < 100) taken++;
    expect(taken).toBeLessThan(100);
    stop.abort(new Error('stopped'));
    await ran;
    expect(host.processes.size).toBe(0);
  });

  it('streams: output is there before the input has ended', async () => {
    const { run } = createTestContainer();
    const stdin = createBytePipe();
    const ran = run(['cat'], stdin);
    await stdin.write(new TextEncoder().encode('first\n'));
    stdin.end();
    expect((await ran).out).toBe('first\n');
    expect(await readAll(stdin)).toHaveLength(0);
  });
});
