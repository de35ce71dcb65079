import { describe, expect, it } from 'vitest';
import { templateSnapshot } from './index.ts';

describe('templateSnapshot', () => {
  it('is the patch with sorted keys, whatever the order in the template', () => {
    const template = {
      spec: { restartPolicy: 'Always', containers: [{ name: 'app', image: 'httpd', args: ['b', 'a'] }] },
      metadata: { labels: { b: '2', a: '1' } },
    };
    expect(JSON.stringify(templateSnapshot({ metadata: {}, spec: { template } }))).toBe(
      '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"1","b":"2"}},' +
        '"spec":{"containers":[{"args":["b","a"],"image":"httpd","name":"app"}],"restartPolicy":"Always"}}}}',
    );
  });
});
