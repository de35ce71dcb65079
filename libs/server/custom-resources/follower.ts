import { canonicalJson, type KubeObject } from '@drydock/base/apimachinery';
import type { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import type { Random } from '@drydock/base/clock';
import type { Logger } from '@drydock/port/observability';
import type { WebhookCaller } from '@drydock/port/webhook';
import type { Registry, ResourceDefinition } from '../registry/index.ts';
import type { WatchCache } from '../watch-cache/index.ts';
import { isTrue } from './conditions.ts';
import { customDefinitions } from './definition.ts';

export const definitionsResource = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

export interface FollowerDeps {
  readonly registry: Registry;
  readonly cache: WatchCache;
  readonly random: Random;
  readonly logger: Logger;
  readonly webhooks: WebhookCaller | undefined;
}

interface Served {
  /** What the served resources follow from; equal text, equal resources. */
  readonly essence: string;
  readonly definitions: readonly ResourceDefinition[];
  terminating: boolean;
}

function essenceOf(crd: CustomResourceDefinition): string {
  return canonicalJson([crd.metadata.uid, crd.spec, crd.status?.acceptedNames]);
}

/** Definitions are served once their names are, and for as long as they are there. */
function isServed(crd: CustomResourceDefinition): boolean {
  return isTrue(crd, 'NamesAccepted') || isTrue(crd, 'Established');
}

/**
 * Serves the custom resources that the CustomResourceDefinitions in the cache declare: all there are when it starts, then
 * every change before anybody else hears of it. Returns the way to stop.
 */
export function followDefinitions(deps: FollowerDeps): () => void {
  const { registry, cache, logger } = deps;
  const served = new Map<string, Served>();

  function drop(name: string, known: Served, kept: readonly ResourceDefinition[] = []): void {
    for (const { group, version, resource } of known.definitions) {
      if (kept.some((one) => one.group === group && one.version === version && one.resource === resource))
        continue;
      registry.undefine(group, version, resource);
    }
    const [first] = known.definitions;
    // Watchers list anew: what they see next is of another form, or gone.
    if (first !== undefined) cache.endWatches({ group: first.group, resource: first.resource });
    served.delete(name);
  }

  function take(name: string, object: KubeObject | undefined): void {
    const crd = object as CustomResourceDefinition | undefined;
    const known = served.get(name);
    if (crd === undefined || !isServed(crd)) {
      if (known !== undefined) drop(name, known);
      return;
    }
    const terminating = crd.metadata.deletionTimestamp !== undefined || isTrue(crd, 'Terminating');
    const essence = essenceOf(crd);
    if (known?.essence === essence) {
      known.terminating = terminating;
      return;
    }
    try {
      const next: Served = {
        essence,
        terminating,
        definitions: customDefinitions(crd, {
          webhooks: deps.webhooks,
          random: deps.random,
          terminating: () => next.terminating,
        }),
      };
      if (known !== undefined) drop(name, known, next.definitions);
      for (const definition of next.definitions) registry.define(definition);
      served.set(name, next);
    } catch (error) {
      logger.error('a custom resource definition cannot be served', { name, err: error });
    }
  }

  for (const item of cache.items(definitionsResource)) take(item.key, item.object);
  const unfollow = cache.onChange(definitionsResource, (change) => take(change.key, change.current?.object));
  return () => {
    unfollow();
    for (const [name, known] of served) drop(name, known);
  };
}
