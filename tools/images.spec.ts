import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file: string) => readFileSync(join(repository, file), 'utf8');

interface Service {
  readonly image: string;
  readonly user: string;
  readonly read_only?: boolean;
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly healthcheck?: object;
  readonly build?: { readonly args: { readonly NODE_IMAGE: string } };
}
const { services } = parse(read('docker-compose.yml'), { merge: true, maxAliasCount: -1 }) as {
  services: Readonly<Record<string, Service>>;
};
const defaultOf = (text: string) => /^\$\{\w+:-(.*)\}$/.exec(text)?.[1];

describe('docker-compose.yml', () => {
  it('runs the Node that the project develops with', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } };
    const image = `node:${devDependencies.node}-bookworm-slim`;
    expect(read('Dockerfile')).toContain(`\nARG NODE_IMAGE=${image}\n`);
    expect(defaultOf(services['prepare']?.build?.args.NODE_IMAGE ?? '')).toBe(image);
  });

  it.each(Object.entries(services))('keeps %s small in rights', (name, service) => {
    expect(service.read_only).toBe(true);
    // Whose one image is overridden is overridden everywhere, and public images are pinned.
    expect(defaultOf(service.image)).toMatch(/:v?\d+\.\d+\.\d+|^drydock:latest$/);
    if (name === 'prepare') return;
    expect(service.user).toBe('1000:1000');
    expect(service.restart).toBe('unless-stopped');
    expect(service.healthcheck).toBeDefined();
  });
});
