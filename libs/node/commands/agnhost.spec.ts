import { describe, expect, it } from 'vitest';
import { directory } from '../files/index.ts';
import { createTestContainer } from './container.spec-support.ts';

describe('agnhost', () => {
  const make = () => createTestContainer('registry.k8s.io/e2e-test-images/agnhost:2.53');
  const write = (box: ReturnType<typeof make>, path: string, text: string, mode = 0o644) =>
    box.fs.writeFile(path, new TextEncoder().encode(text), mode);

  it('is in its own image alone', async () => {
    await expect(createTestContainer().run(['/agnhost', 'entrypoint-tester'])).rejects.toThrow(
      /no such file/,
    );
  });

  it('tells what it was called with', async () => {
    const { out, code } = await make().run(['/agnhost-2', 'entrypoint-tester', 'override', 'arguments']);
    expect([out, code]).toEqual(['[/agnhost-2 entrypoint-tester override arguments]\n', 0]);
  });

  it('tells of volumes: medium, what it wrote, modes, owners and contents, in that order', async () => {
    const box = make();
    box.fs.mount('/v', { ...directory(0, 0o2770), gid: 1002, inMemory: true });
    box.fs.owner = { uid: 1001, gid: 0 };
    write(box, '/v/secret', 'value', 0o400);
    const flags = [
      '--file_mode=/v',
      '--file_perm=/v/secret',
      '--file_owner',
      '/v/f',
      '--file_content=/v/secret',
    ];
    const { out, code } = await box.run([
      '/agnhost',
      'mounttest',
      ...flags,
      '--new_file_0660=/v/f',
      '--fs_type=/v',
    ]);
    expect(out).toBe(
      'mount type of "/v": tmpfs\n' +
        'content of file "/v/f": mount-tester new file\n\n' +
        'mode of file "/v": dgrwxrwx---\n' +
        'perms of file "/v/secret": -r--------\n' +
        'owner UID of "/v/f": 1001\nowner GID of "/v/f": 1002\n' +
        'content of file "/v/secret": value\n',
    );
    expect(code).toBe(0);
    expect(box.fs.stat('/v/f').mode).toBe(0o660);
  });

  it('fails for what is not there', async () => {
    const { out, code } = await make().run([
      '/agnhost',
      'mounttest',
      '--file_content=/none',
      '--file_mode=/none',
    ]);
    expect(out).toBe(
      'error from Stat("/none"): stat /none: no such file or directory\n' +
        'error reading file content for "/none": open /none: no such file or directory\n',
    );
    expect(code).toBe(1);
  });

  it('reads in a loop until it finds what it expects', async () => {
    const box = make();
    write(box, '/f', 'mount-tester new file\n');
    const { out, code } = await box.run(['/agnhost', 'mounttest', '--file_content_in_loop=/f']);
    expect([out, code]).toEqual(['content of file "/f": mount-tester new file\n\n', 0]);
  });

  it('makes lines of log', async () => {
    const { err, code } = await make().run(['/agnhost', 'logs-generator', '-t', '3', '--run-duration=30ms']);
    expect(err.trim().split('\n')).toEqual(
      [0, 1, 2].map((at) =>
        expect.stringMatching(
          new RegExp(
            `^I\\d{4} [\\d:.]{15} +1 logs_generator.go:76\\] ${at} (GET|POST|PUT) /api/v1/namespaces/[\\w-]+/pods/\\w{4} [2-5]\\d\\d$`,
          ),
        ),
      ),
    );
    expect(code).toBe(0);
  });
});
