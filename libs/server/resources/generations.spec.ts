import { afterEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '@drydock/base/apimachinery';
import type { TestServer } from '../registry/registry.spec-support.ts';
import { startRegistry } from '../registry/registry.spec-support.ts';
import { podTemplate } from './common/definition.spec-support.ts';
import { allDefinitions } from './index.ts';

const context = { user: { name: 'alice', groups: ['staff'] } };
let server: TestServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(): Promise<TestServer> {
  server = await startRegistry({ definitions: allDefinitions });
  const where = { group: '', version: 'v1', resource: 'namespaces' };
  await server.registry.create(
    where,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
    {},
    context,
  );
  return server;
}

/** The generation after the creation and after a change of `path`. */
async function generations(object: KubeObject & { kind: string }, change: object): Promise<unknown[]> {
  const { transport } = server ?? (await start());
  const found = allDefinitions.find((one) => one.kind === object.kind);
  if (found === undefined) throw new Error(`no ${object.kind}`);
  const { group, version, resource, namespaced } = found;
  const where = { group, version, resource, ...(namespaced ? { namespace: 'default' } : {}) };
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const first = await transport.create(where, { ...object, apiVersion });
  const second = await transport.patch({ ...where, name: 'x' }, { type: 'merge', body: change });
  return [first, second].map((one) => (one as KubeObject).metadata.generation);
}

describe('generations', () => {
  it('are counted by the kinds that count them in Kubernetes', async () => {
    const metadata = { name: 'x' };
    expect(
      await generations({ kind: 'PodTemplate', metadata, template: podTemplate } as never, {
        template: { metadata: { labels: { b: 'c' } } },
      }),
    ).toEqual([1, 2]);
    expect(
      await generations({ kind: 'CSIDriver', metadata, spec: {} } as never, {
        spec: { requiresRepublish: true },
      }),
    ).toEqual([undefined, 1]);
    const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
    expect(
      await generations(
        { kind: 'HorizontalPodAutoscaler', metadata, spec: { maxReplicas: 2, scaleTargetRef } } as never,
        {
          spec: { maxReplicas: 3 },
        },
      ),
    ).toEqual([undefined, undefined]);
  });
});
