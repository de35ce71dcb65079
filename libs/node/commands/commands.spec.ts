import { describe, expect, it } from 'vitest';
import { sourceOf } from '@drydock/base/streams';
import { createTestContainer } from './container.spec-support.ts';

const cases: readonly [script: string, out: string][] = [
  ['printf "%s-%03d|%5s|%-3s|\\n" a 7 b c', 'a-007|    b|c  |\n'],
  ['seq 3; seq -s, 2 4', '1\n2\n3\n2,3,4\n'],
  ['printf "1\\n2\\n3\\n4\\n" | tail -n 2; printf "1\\n2\\n3\\n" | tail -n +2', '3\n4\n2\n3\n'],
  ['printf abcdef | tail -c+3', 'cdef'],
  ['printf abcdef | head -c 2', 'ab'],
  ['printf "b 2\\na 10\\nc 1\\n" | sort -k2 -n', 'c 1\nb 2\na 10\n'],
  ['printf "a\\na\\nb\\n" | uniq -c', '      2 a\n      1 b\n'],
  ['echo a:b:c | cut -d: -f1,3', 'a:c\n'],
  ['echo hello | tr -d l', 'heo\n'],
  ['printf "x\\ny z\\n" | wc -l; printf "a b\\n" > /tmp/w; wc /tmp/w', '2\n1 2 4 /tmp/w\n'],
  ['printf "foo\\nbar\\nbaz\\n" | grep -n ba; echo $?', '2:bar\n3:baz\n0\n'],
  ['printf "foo\\n" | grep -q nope; echo $?', '1\n'],
  ['printf "a1\\nb\\n" | grep -E "[[:digit:]]+"', 'a1\n'],
  ['printf "a.b\\naxb\\n" | grep -F a.b; printf "Ab\\n" | grep -i aB', 'a.b\nAb\n'],
  ['echo "hello world" | sed "s/o/0/g; s/\\(h\\)e/\\1E/"', 'hEll0 w0rld\n'],
  [
    'printf "1\\n2\\n3\\n" | sed -n 2p; printf "1\\n2\\n3\\n" | sed 2d; printf "a\\nb\\n" | sed "/a/s/a/x/"',
    '2\n1\n3\nx\nb\n',
  ],
  ['echo x > /tmp/i; sed -i s/x/y/ /tmp/i; cat /tmp/i', 'y\n'],
  ['echo aGk= | base64 -d; printf hi | base64', 'hiaGk=\n'],
  [
    'printf abcdefghijklmnopq | hexdump -C',
    '00000000  61 62 63 64 65 66 67 68  69 6a 6b 6c 6d 6e 6f 70  |abcdefghijklmnop|\n' +
      `00000010  71${' '.repeat(48)}|q|\n00000011\n`,
  ],
  ['printf abc | hexdump', `0000000 6261 0063${' '.repeat(30)}\n0000003\n`],
  ['printf abcdef | hexdump -C -s 2 -n 2', `00000002  63 64${' '.repeat(45)}|cd|\n00000004\n`],
  ['printf %048d 0 | hexdump', '0000000 3030 3030 3030 3030 3030 3030 3030 3030\n*\n0000030\n'],
  [
    'mkdir -p /tmp/a/b; touch /tmp/a/b/f; find /tmp/a -name f; find /tmp/a -type d',
    '/tmp/a/b/f\n/tmp/a\n/tmp/a/b\n',
  ],
  [
    'mkdir /tmp/d; cp /etc/x /tmp/d 2>&1; echo 1 > /tmp/1; cp /tmp/1 /tmp/d; cat /tmp/d/1; cp -r /tmp/d /tmp/e; ls /tmp/e',
    "cp: can't stat '/etc/x': No such file or directory\n1\n1\n",
  ],
  ['echo 1 > /tmp/1; mv /tmp/1 /tmp/2; ls /tmp; rm /tmp/2; ls /tmp; rm -f /tmp/2; echo $?', '2\n0\n'],
  ['ln -s /etc /tmp/l; readlink /tmp/l; readlink -f /tmp/l/.', '/etc\n/etc\n'],
  [
    'touch /tmp/x; chmod 750 /tmp/x; stat -c %a /tmp/x; chmod u-x,o+r /tmp/x; stat -c %A /tmp/x',
    '750\n-rw-r-xr--\n',
  ],
  ['basename /a/b.txt .txt; dirname /a/b', 'b\n/a\n'],
  ['[ -f /bin/sh ] && [ ! -d /bin/sh ] && test a = a && [ 3 -gt 2 -a -n x ] && echo ok', 'ok\n'],
  ['echo a b | xargs -n1 echo -; printf "x\\n" | xargs -I{} echo "<{}>"', '- a\n- b\n<x>\n'],
  ['timeout 0.05 sleep 5; echo $?', '143\n'],
  ['dd if=/dev/zero bs=1k count=3 2>/dev/null | wc -c', '3072\n'],
  ['date -u -d @0 +%Y-%m-%dT%H:%M:%SZ', '1970-01-01T00:00:00Z\n'],
  ['echo a | tee /tmp/t | cat; cat /tmp/t', 'a\na\n'],
  ['id -u; whoami; hostname; uname', '0\nroot\nbox\nLinux\n'],
  ['echo x > /tmp/u; cmp /tmp/u /tmp/u; echo $?', '0\n'],
  ['sleep 5 & kill $!; wait; echo killed', 'killed\n'],
  [
    'mkdir /tmp/nd; rm /tmp/nd 2>&1; rmdir /tmp/nd; ls -d /tmp/nd 2>&1',
    "rm: '/tmp/nd' is a directory\nls: /tmp/nd: No such file or directory\n",
  ],
];

describe('programs of a container', () => {
  it.each(cases)('%s', async (script, out) => {
    expect((await createTestContainer().sh(script)).out).toBe(out);
  });

  it('tar takes a tree from one container to another: bytes, names with blanks, long and foreign names, links', async () => {
    const from = createTestContainer();
    const long = 'n'.repeat(150);
    await from.sh(
      `mkdir -p "/src/a b/ü" /src/empty; printf '\\0\\377x' > "/src/a b/ü/bytes"; echo l > /src/${long}; ln -s bytes "/src/a b/ü/link"; chmod 700 /src/empty; dd if=/dev/zero of=/src/big bs=1k count=300 2>/dev/null`,
    );
    const packed = await from.run(['tar', 'cf', '-', '/src']);
    expect(packed).toMatchObject({ code: 0, err: "tar: removing leading '/' from member names\n" });
    expect(packed.bytes.length % 512).toBe(0);
    const to = createTestContainer();
    await to.sh('mkdir /dst');
    // Cut into odd pieces, as a network does.
    const pieces = Array.from({ length: Math.ceil(packed.bytes.length / 777) }, (_, at) =>
      packed.bytes.slice(at * 777, (at + 1) * 777),
    );
    expect(await to.run(['tar', '-xmf', '-', '-C', '/dst'], sourceOf(...pieces))).toMatchObject({
      code: 0,
      err: '',
    });
    expect(to.fs.readFile('/dst/src/a b/ü/bytes')).toEqual(from.fs.readFile('/src/a b/ü/bytes'));
    expect(to.fs.readFile(`/dst/src/${long}`)).toEqual(from.fs.readFile(`/src/${long}`));
    expect(to.fs.readFile('/dst/src/big')).toHaveLength(300 * 1024);
    expect(to.fs.lstat('/dst/src/a b/ü/link')).toMatchObject({ kind: 'link', target: 'bytes' });
    expect(to.fs.stat('/dst/src/empty').mode).toBe(0o700);
  });

  it('tar does not write outside its directory, and says what is no archive', async () => {
    const box = createTestContainer();
    const evil = await createTestContainer().sh('mkdir -p /x/y; echo 1 > /x/evil; cd /x/y; tar cf - ../evil');
    const out = await box.run(['tar', 'xf', '-', '-C', '/tmp'], sourceOf(evil.bytes));
    expect(out).toMatchObject({ code: 1, err: "tar: name with '..' skipped: '../evil'\n" });
    expect(box.fs.exists('/evil')).toBe(false);
    expect(await box.run(['tar', 'xf', '-'], 'x'.repeat(600))).toMatchObject({
      code: 1,
      err: expect.stringContaining('tar: invalid tar header') as string,
    });
    expect(await box.run(['tar', 'cf', '-', '/nosuch'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('tar: /nosuch: No such file or directory') as string,
    });
  });

  it('refuses to hold more than the file system may', async () => {
    const box = createTestContainer();
    const ran = await box.sh('dd if=/dev/zero of=/tmp/big bs=1M count=100');
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('No space left on device');
  });
});
