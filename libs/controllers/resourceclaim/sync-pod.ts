import { Pod, type PodResourceClaim } from '@drydock/api/core/v1';
import {
  canBeReserved,
  claimNameOf,
  isReservedFor,
  ownershipProblem,
  podClaimAnnotation,
} from '@drydock/api/resource-claims';
import { ResourceClaim, type ResourceClaimTemplate } from '@drydock/api/resource/v1';
import { joinKey } from '@drydock/base/apimachinery';
import type { ControllerDeps } from '@drydock/machinery/controller';
import type { Informer } from '@drydock/machinery/informer';
import { isNamespaceTerminating, isPodTerminal } from '../shared/index.ts';
import type { resourceClaimEvents } from './events.ts';
import { claimFromTemplate, isGeneratedFor } from './generated-claim.ts';
import { byPod } from './indexes.ts';
import type { ResourceClaimMetrics } from './metrics.ts';

export interface SyncPodOptions {
  readonly deps: ControllerDeps;
  readonly pods: Informer<Pod>;
  readonly claims: Informer<ResourceClaim>;
  readonly templates: Informer<ResourceClaimTemplate>;
  readonly events: ReturnType<typeof resourceClaimEvents>;
  readonly metrics: ResourceClaimMetrics;
}

const fieldManager = 'ResourceClaimController';
const idOf = (podUid: string, entry: string) => `${podUid}/${entry}`;

/** Whether a scheduled Pod is to be noted as a user of a claim that has its devices already. */
export function isToBeReserved(pod: Pod, claim: ResourceClaim): boolean {
  return claim.status?.allocation !== undefined && !isReservedFor(pod, claim) && canBeReserved(claim);
}

/** Makes the claims that a Pod's templates stand for, and tells the Pod their names. */
export function createPodSync({ deps, pods, claims, templates, events, metrics }: SyncPodOptions) {
  const { client } = deps;
  /** Claims that were made and not seen yet, by the Pod's uid and the name of its entry. */
  const made = new Map<string, ResourceClaim>();

  function existing(pod: Pod, entry: PodResourceClaim): ResourceClaim | undefined {
    const { uid = '' } = pod.metadata;
    const seen = claims.byIndex(byPod.name, uid).find((claim) => isGeneratedFor(pod, entry, claim));
    return seen ?? made.get(idOf(uid, entry.name));
  }

  async function generate(pod: Pod, entry: PodResourceClaim, templateName: string): Promise<string> {
    const { namespace = '', uid = '' } = pod.metadata;
    const present = existing(pod, entry);
    if (present !== undefined) return present.metadata.name ?? '';
    const template = templates.get(joinKey(namespace, templateName));
    if (template === undefined)
      throw new Error(
        `resource claim template ${JSON.stringify(templateName)}: resourceclaimtemplate.resource.k8s.io ${JSON.stringify(templateName)} not found`,
      );
    const wanted = claimFromTemplate(pod, entry, template);
    try {
      const claim = await client.resource(ResourceClaim).namespace(namespace).create(wanted);
      metrics.created(claim, true);
      made.set(idOf(uid, entry.name), claim);
      return claim.metadata.name ?? '';
    } catch (error) {
      metrics.created(wanted, false);
      if (isNamespaceTerminating(error)) throw error;
      throw new Error(`create ResourceClaim : ${(error as Error).message}`, { cause: error });
    }
  }

  /** The name that the Pod is to be told; undefined where it knows it. */
  async function ensure(pod: Pod, entry: PodResourceClaim): Promise<string | undefined> {
    const named = claimNameOf(pod, entry);
    if ('problem' in named && named.unknown)
      throw new Error(`checking for claim before creating it: ${named.problem}`);
    if (!('problem' in named)) {
      if (named.name === undefined) return undefined;
      const claim = claims.get(joinKey(pod.metadata.namespace, named.name));
      // It may have been deleted, or taken by somebody else: then there is to be another.
      if (claim !== undefined && !(named.owned && ownershipProblem(pod, claim) !== undefined))
        return undefined;
    }
    const { resourceClaimTemplateName: template } = entry;
    return template === undefined ? undefined : generate(pod, entry, template);
  }

  async function tell(pod: Pod, names: ReadonlyMap<string, string>): Promise<void> {
    const { namespace = '', name = '', uid } = pod.metadata;
    const known = pod.status?.resourceClaimStatuses ?? [];
    const resourceClaimStatuses = [
      ...known.filter((one) => !names.has(one.name)),
      ...[...names].map(([entry, resourceClaimName]) => ({ name: entry, resourceClaimName })),
    ];
    const body = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, uid },
      status: { resourceClaimStatuses },
    };
    await client
      .resource(Pod)
      .namespace(namespace)
      .patch(name, { type: 'apply', body }, { subresource: 'status', fieldManager, force: true });
  }

  async function reserve(pod: Pod, claim: ResourceClaim): Promise<void> {
    const { name = '', uid = '' } = pod.metadata;
    const reservedFor = [...(claim.status?.reservedFor ?? []), { resource: 'pods', name, uid }];
    await client
      .resource(ResourceClaim)
      .namespace(pod.metadata.namespace ?? '')
      .updateStatus({ ...claim, status: { ...claim.status, reservedFor } });
  }

  /** A claim is seen, or gone. */
  function saw(claim: ResourceClaim): void {
    const entry = claim.metadata.annotations?.[podClaimAnnotation];
    for (const uid of byPod.values(claim)) made.delete(idOf(uid, entry ?? ''));
  }

  async function sync(key: string): Promise<void> {
    const pod = pods.get(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return;
    const entries = pod.spec?.resourceClaims ?? [];
    const names = new Map<string, string>();
    for (const entry of entries) {
      try {
        const name = await ensure(pod, entry);
        if (name !== undefined) names.set(entry.name, name);
      } catch (error) {
        if (isNamespaceTerminating(error)) return;
        events.creationFailed(pod, entry.name, (error as Error).message);
        throw error;
      }
    }
    if (names.size > 0) await tell(pod, names);
    // The scheduler reserves for those that it places.
    if (!pod.spec?.nodeName) return;
    for (const entry of entries) {
      const named = claimNameOf(pod, entry);
      if ('problem' in named || named.name === undefined) continue;
      const claim = claims.get(joinKey(pod.metadata.namespace, named.name));
      if (claim === undefined || (named.owned && ownershipProblem(pod, claim) !== undefined)) continue;
      if (isToBeReserved(pod, claim)) await reserve(pod, claim);
    }
  }

  return { sync, saw };
}
