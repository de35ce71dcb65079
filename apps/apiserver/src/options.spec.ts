import { parseProcessArguments } from '@drydock/process';
import { describe, expect, it } from 'vitest';
import { program } from './options.ts';

function parse(...argv: string[]) {
  let problem = '';
  const found = parseProcessArguments(program, argv, { out() {}, err: (text) => (problem += text) });
  return found.kind === 'run' ? found.options : problem;
}

describe('flags of the apiserver', () => {
  it('bound the stream of changes by age and size', () => {
    expect(parse()).toMatchObject({ natsStreamMaxAgeMs: 3_600_000, natsStreamMaxBytes: 1024 ** 3 });
    expect(parse('--nats-stream-max-age=6h', '--nats-stream-max-bytes=512Mi')).toMatchObject({
      natsStreamMaxAgeMs: 21_600_000,
      natsStreamMaxBytes: 512 * 1024 ** 2,
    });
    process.env['DRYDOCK_NATS_STREAM_MAX_BYTES'] = '20000000';
    try {
      expect(parse()).toMatchObject({ natsStreamMaxBytes: 20_000_000 });
    } finally {
      delete process.env['DRYDOCK_NATS_STREAM_MAX_BYTES'];
    }
  });

  it.each([
    [['--nats-stream-max-age=5s'], 'It must be 1m0s or more.'],
    [['--nats-stream-max-age=long'], 'It must be a duration such as 40s or 1m30s.'],
    [['--nats-stream-max-bytes=1Mi'], 'It must be a count of bytes such as 512Mi, 16777216 or more.'],
    [['--nats-stream-max-bytes=much'], 'It must be a count of bytes such as 512Mi, 16777216 or more.'],
  ])('refuse %s', (argv, problem) => {
    expect(parse(...argv)).toContain(problem);
  });
});
