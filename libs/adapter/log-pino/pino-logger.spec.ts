import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createPinoLogger } from './pino-logger.ts';
import type { PinoLoggerOptions } from './pino-logger.ts';

function capture(options: PinoLoggerOptions) {
  const stream = new PassThrough();
  return { logger: createPinoLogger({ ...options, stream }), text: () => String(stream.read() ?? '') };
}

describe('createPinoLogger', () => {
  it('writes one JSON object a line off a terminal', () => {
    const { logger, text } = capture({ fields: { component: 'apiserver' } });
    logger.child({ resource: 'pods' }).info('listed', { count: 3 });
    logger.debug('not shown');
    const line = JSON.parse(text()) as Record<string, unknown>;
    expect(line).toMatchObject({
      level: 'info',
      component: 'apiserver',
      resource: 'pods',
      count: 3,
      msg: 'listed',
    });
    expect(Number.isNaN(Date.parse(String(line.time)))).toBe(false);
  });

  it('writes each field once: the last that was given', () => {
    const { logger, text } = capture({ fields: { component: 'apiserver', node: 'a' } });
    const rest = logger.child({ component: 'rest' });
    rest.info('listening');
    const line = text();
    expect(line.match(/"component"/g)).toHaveLength(1);
    expect(JSON.parse(line)).toMatchObject({ component: 'rest', node: 'a' });
    rest.child({ path: '/' }).warn('slow', { node: 'b', err: new Error('late') });
    const slow = text();
    expect(slow.match(/"node"/g)).toHaveLength(1);
    expect(JSON.parse(slow)).toMatchObject({
      component: 'rest',
      path: '/',
      node: 'b',
      err: { message: 'late' },
      msg: 'slow',
    });
    logger.debug('not shown', { node: 'b' });
    logger.info('listening');
    expect(JSON.parse(text())).toMatchObject({ component: 'apiserver', node: 'a' });
  });

  it('writes lines for people when asked', () => {
    const { logger, text } = capture({ format: 'pretty', level: 'debug' });
    logger.warn('slow watcher', { resource: 'pods', reason: 'queue is full' });
    expect(text()).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}slow watcher resource=pods reason="queue is full"\n$/,
    );
    logger.error('write failed', { err: new Error('disk full') });
    const failed = text();
    expect(failed).toContain('ERROR write failed err=disk full\n');
    expect(failed).toContain('Error: disk full\n    at ');
  });
});
