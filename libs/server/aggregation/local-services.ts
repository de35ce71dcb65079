import { isAlreadyExists, isConflict, isNotFound } from '@drydock/base/apimachinery';
import { APIService } from '@drydock/api/apiregistration/v1';
import type { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import type { Logger } from '@drydock/port/observability';
import type { Transport } from '@drydock/port/transport';
import { createClient } from '@drydock/machinery/client';
import type { Registry } from '../registry/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';

export interface LocalServicesDeps {
  readonly registry: Registry;
  readonly cache: WatchCache;
  /** The API server as itself. */
  readonly transport: Transport;
  readonly logger: Logger;
}

/** How Kubernetes ranks its own groups in discovery; versions among them by `versionPriority`. */
const groupPriorities: Readonly<Record<string, number>> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'resource.k8s.io': 15_900,
};
const versionPriorities: Readonly<Record<string, number>> = {
  'v1.': 1,
  'v2.autoscaling': 30,
  'v1.flowcontrol.apiserver.k8s.io': 21,
};
const builtInVersionPriority = 15;
const custom = { groupPriorityMinimum: 1_000, versionPriority: 100 };

const managed = 'kube-aggregator.kubernetes.io/automanaged';
/** Served by nobody but kube-aggregator itself, which has no entry for it. */
const own = 'apiregistration.k8s.io';
const apiServices = { group: own, resource: 'apiservices' };
const definitions = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

const nameOf = ({ group, version }: GroupVersion): string => `${version}.${group}`;

function localService(
  groupVersion: GroupVersion,
  when: 'onstart' | 'true',
  priorities: { groupPriorityMinimum: number; versionPriority: number },
): APIService {
  return {
    apiVersion: `${own}/v1`,
    kind: 'APIService',
    metadata: { name: nameOf(groupVersion), labels: { [managed]: when } },
    spec: { group: groupVersion.group, version: groupVersion.version, ...priorities },
  } as APIService;
}

/**
 * Keeps an APIService for each group version that is served here, as kube-aggregator does: those of built-in groups are made
 * at the start, those of custom resources come and go with their definitions. What others registered by the same name stays.
 * Returns the way to stop.
 */
export async function keepLocalServices(deps: LocalServicesDeps): Promise<() => Promise<void>> {
  const { registry, cache, logger } = deps;
  const client = createClient(deps.transport).resource(APIService);
  const known = (name: string) => cache.peek(apiServices, name)?.object as APIService | undefined;
  let stopped = false;
  let work: Promise<void> = Promise.resolve();

  /** Another server of the same cluster may be faster. */
  async function quietly(step: Promise<unknown>): Promise<void> {
    try {
      await step;
    } catch (error) {
      if (![isAlreadyExists, isConflict, isNotFound].some((is) => is(error))) throw error;
    }
  }

  /** The group versions that definitions of custom resources ask for. */
  function ofDefinitions(): Map<string, GroupVersion> {
    const asked = new Map<string, GroupVersion>();
    for (const { object } of cache.items(definitions)) {
      const { group = '', versions = [] } = (object as CustomResourceDefinition).spec ?? {};
      for (const { name = '', served } of versions)
        if (served === true) asked.set(`${name}.${group}`, { group, version: name });
    }
    return asked;
  }

  async function follow(): Promise<void> {
    const asked = ofDefinitions();
    for (const [name, groupVersion] of asked)
      if (known(name) === undefined) await quietly(client.create(localService(groupVersion, 'true', custom)));
    for (const { object } of cache.items(apiServices)) {
      const { name = '', labels } = object.metadata;
      if (labels?.[managed] === 'true' && !asked.has(name)) await quietly(client.delete(name));
    }
  }

  const followSoon = () => {
    work = work.then(async () => {
      if (stopped) return;
      await follow().catch((err: unknown) => {
        if (!stopped) logger.warn('APIServices of custom resources cannot be kept', { err });
      });
    });
  };

  const builtIn = new Map(
    registry
      .definitions()
      .filter(({ group, custom: isCustom }) => group !== own && isCustom === undefined)
      .map((one) => [nameOf(one), one] as const),
  );
  await Promise.all(
    [...builtIn].map(async ([name, one]) => {
      if (known(name) !== undefined) return;
      const priorities = {
        groupPriorityMinimum: groupPriorities[one.group] ?? custom.groupPriorityMinimum,
        versionPriority: versionPriorities[name] ?? builtInVersionPriority,
      };
      await quietly(client.create(localService(one, 'onstart', priorities)));
    }),
  );
  const unfollow = [
    cache.onChange(definitions, followSoon),
    cache.onChange(apiServices, ({ key }) => {
      // Taken away by somebody, and still asked for.
      if (known(key) === undefined) followSoon();
    }),
  ];
  followSoon();
  return async () => {
    stopped = true;
    for (const end of unfollow) end();
    await work;
  };
}
